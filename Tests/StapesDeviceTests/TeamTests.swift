import CKernels
import Glibc
import StapesDevice
import Testing

/// A lost wake-up shows as a test that hangs, a call that returns early as a wrong number.
@Suite(.serialized, .timeLimit(.minutes(1))) struct TeamTests {
    /// What one call asks for: every thread writes `value` in its own line of memory and counts the call.
    private struct Work {
        let slots: UnsafeMutablePointer<Int64>
        let value: Int64
    }

    private static let slotStride = 16
    private static let write: stapes_kernel = { arguments, thread, threads in
        let work = arguments.load(as: Work.self)
        let slot = work.slots + Int(thread) * slotStride
        slot[0] = work.value
        slot[1] += 1
        slot[2] = Int64(threads)
    }

    /// Runs `calls` tiny calls, and returns how many were not complete when `launch` returned.
    private func run(threads: Int, calls: Int, pause: (Int) -> Void = { _ in }) throws -> Int {
        let stream = try Stream(kernels: .reference, threads: threads)
        try #require(stream.threads == threads)
        let slots = UnsafeMutablePointer<Int64>.allocate(capacity: threads * Self.slotStride)
        defer { slots.deallocate() }
        slots.initialize(repeating: 0, count: threads * Self.slotStride)
        var wrong = 0
        for call in 1...calls {
            stream.launch(Self.write, Work(slots: slots, value: Int64(call)))
            for thread in 0..<threads {
                let slot = slots + thread * Self.slotStride
                if slot[0] != Int64(call) || slot[1] != Int64(call) || slot[2] != Int64(threads) { wrong += 1 }
            }
            pause(call)
        }
        return wrong
    }

    @Test(arguments: [1, 2, 4]) func thousandsOfTinyCallsAreAllComplete(_ threads: Int) throws {
        #expect(try run(threads: threads, calls: threads > 2 ? 2_000 : 10_000) == 0)
    }

    /// Pauses around the time after which a thread parks: it is caught before, during and after.
    @Test(arguments: [2, 4]) func callsAfterPausesAreAllComplete(_ threads: Int) throws {
        let wrong = try run(threads: threads, calls: 2_000) { call in
            for _ in 0..<(call * 37 % 4000) { _ = Self.nothing() }
            if call % 64 == 0 { usleep(200) }
        }
        #expect(wrong == 0)
    }

    @inline(never) private static func nothing() -> Int { 1 }

    @Test(arguments: [1, 2, 4]) func callsUnderLoadAreAllComplete(_ threads: Int) throws {
        let busy = BusyThreads(2)
        let wrong = try run(threads: threads, calls: 300) { call in if call % 50 == 0 { usleep(100) } }
        withExtendedLifetime(busy) {}
        #expect(wrong == 0)
    }

    @Test func teamsComeAndGo() throws {
        for round in 0..<200 {
            #expect(try run(threads: 1 + round % 4, calls: 1 + round % 3) == 0)
        }
        // Ended without a single call.
        for threads in 1...4 { _ = try Stream(kernels: .reference, threads: threads) }
    }
}
