import CKernels
import StapesDevice
import StapesInstruments
import Testing

/// What a stream and its graphs do beside the kernels.
@Suite(.serialized) struct StreamTests {
    private func launchAdd(_ x: Cells, to y: Cells, on stream: StapesDevice.Stream) {
        stream.launch(
            stream.kernels.add, stapes_add_arguments(x: x.floats, y: y.floats, count: Int64(y.count), repeats: 1))
    }

    @Test func copiesArriveInOrder() throws {
        let stream = try Runner(level: .best, threads: 2).stream()
        let (x, y) = (Cells(100), Cells(100))
        var host = (0..<100).map { Float($0) }
        stream.write(host, count: 100, to: x.floats)
        stream.write(host, count: 50, to: y.floats)
        launchAdd(x, to: y, on: stream)
        stream.read(UnsafePointer(y.floats), count: 80, into: &host)
        for index in 0..<100 { #expect(host[index] == Float(index < 50 ? 2 * index : index)) }
    }

    @Test func traceTellsEveryCallInOrder() throws {
        let stream = try Runner(level: .best, threads: 1).stream()
        let (x, y) = (Cells(8), Cells(8))
        var numbers = [Float](repeating: 1, count: 8)
        var word: UInt64 = 0
        launchAdd(x, to: y, on: stream)
        let trace = CallTrace()
        stream.trace = trace
        #expect(trace.calls == [])
        stream.write(numbers, count: 8, to: x.floats)
        let graph = try stream.capture {
            launchAdd(x, to: y, on: stream)
            launchAdd(y, to: x, on: stream)
            launchAdd(x, to: y, on: stream)
        }
        launchAdd(x, to: y, on: stream)
        stream.replay(graph)
        stream.read(UnsafePointer(y.floats), count: 3, into: &numbers)
        stream.read(UnsafeRawPointer(y.pointer).assumingMemoryBound(to: UInt64.self), count: 1, into: &word)
        #expect(
            trace.calls == [
                .write(byteCount: 32), .launch, .replay(calls: 3), .read(byteCount: 12), .read(byteCount: 8),
            ])
        stream.trace = nil
        launchAdd(x, to: y, on: stream)
        #expect(trace.calls.count == 5)
        // What was captured ran with the replay and not before: 1, then 2, 3, and 5.
        #expect(numbers[..<3] == [5, 5, 5])
    }

    /// The least of several counts: the test runner's own threads may do something meanwhile, but not every time.
    private func quietest(_ body: () throws -> Void) throws -> AllocationCounts {
        var least: AllocationCounts?
        for _ in 0..<10 {
            let counts = try #require(try AllocationCounts.count(body))
            if counts.sum < least?.sum ?? .max { least = counts }
        }
        return try #require(least)
    }

    @Test(.enabled(if: AllocationCounts.isAvailable, "cannot count allocations here"), arguments: [1, 2])
    func replayTakesNoMemoryAndCountsNoReferences(_ threads: Int) throws {
        let stream = try Runner(level: .best, threads: threads).stream()
        let (x, y) = (Cells([Float](repeating: 1, count: 300)), Cells(300))
        let seats = SamplingSeats(count: 4, vocabulary: 100, timestampBegin: 90)
        let (numbers, tokens, chosen) = (Integers([1, 0, 3]), Integers([0, 0, 0]), Cells(3))
        let graph = try stream.capture {
            launchAdd(x, to: y, on: stream)
            seats.launch(at: numbers, y, stride: 100, tokens: tokens, logProbabilities: chosen, on: stream)
            launchAdd(x, to: y, on: stream)
        }
        stream.replay(graph)
        let counts = try quietest { for _ in 0..<50 { stream.replay(graph) } }
        #expect(counts == AllocationCounts(allocations: 0, retains: 0, releases: 0))
        #expect(seats[1].count == 501 && seats[3].count == 501, "every replay chose")
        withExtendedLifetime((x, y, seats, numbers, tokens, chosen)) {}
    }
}

extension AllocationCounts {
    fileprivate var sum: Int { allocations + retains + releases }
}
