import CUDAEmulator
import StapesDevice
import StapesEngine
import StapesInstruments
import StapesMetrics
import StapesTesting
import Testing

@Suite("Invariant 11: a steady step reads its tokens and nothing else", .serialized) struct Invariant11SteadySteps {
    private static func steps(_ type: Setup) -> Int { type.rounds(120) }

    /// The one read of a step's choices: a token and a log-probability for each of the eight rows that there may be.
    private static let fetch = CallTrace.Call.read(byteCount: 8 * 8)

    /// What a step asks of its device: on a GPU the slots are written first, all at once.
    private static func step(_ work: [CallTrace.Call], _ runner: ModelRunner, _ type: Setup) -> [CallTrace.Call] {
        (type.isGPU ? [.write(byteCount: slotBytes(runner))] : []) + work + [fetch]
    }

    /// Slots lie side by side, each on four integers.
    private static func slotBytes(_ runner: ModelRunner) -> Int {
        runner.decode.slots.slots.reduce(0) { $0 + ($1.byteCount + 15) / 16 * 16 }
    }

    /// What the driver was told while `body` made so many steps.
    private static func expectSteadyDriver(_ runner: ModelRunner, steps: Int, _ body: () throws -> Void) rethrows {
        runner.stream.synchronize()
        stapes_fake_cuda_clear_log()
        try body()
        let calls = { Int(stapes_fake_cuda_calls($0)) }
        #expect(calls("graph_launch") == steps && calls("launch") == 0)
        #expect(calls("copy_to_device") == steps && calls("copy_to_host") == steps)
        #expect(calls("copy_on_device") == 0 && calls("set_bytes") == 0)
        for function in [
            "stream_synchronize", "stream_wait_event", "memory_allocate", "memory_free", "host_allocate", "host_free",
            "event_query", "event_create", "event_destroy", "graph_instantiate", "graph_upload", "module_function",
        ] { #expect(calls(function) == 0, "\(function)") }
        // The fetch's event. Page-locked memory that is used up and begun anew has one too, a long time apart.
        #expect((steps...steps + 1).contains(calls("event_record")))
        #expect((steps...steps + 1).contains(calls("event_synchronize")))
        // The last step may still wait for somebody to look at it.
        runner.stream.synchronize()
        let copies = stapes_fake_cuda_copies()
        #expect(copies.to_device == steps && copies.to_device_bytes == steps * slotBytes(runner))
        #expect(copies.to_host == steps && copies.to_host_bytes == steps * 8 * 8)
    }

    private func batch(_ world: DecodeWorld, rows: Int) -> DecodeBatch {
        let live = (0..<rows).map { world.live($0, context: 1, encoderLength: 90 - $0) }
        world.sit(live)
        return DecodeBatch(rows: live.map(\.row), seats: live.map(\.seat), epoch: 1)
    }

    @Test(arguments: [Setup.float32, .gpu], [1, 3, 8])
    func replayedStepIsOneReplayAndTheFetchOfItsTokens(type: Setup, rows: Int) throws {
        let world = try DecodeWorld(type)
        var batch = batch(world, rows: rows)
        _ = try world.runner.decode.run(batch)
        let kernels = try #require(world.runner.decode.graphs.kernels.first?.count)
        let rebuilds = world.runner.decode.indices.rebuilds
        let trace = CallTrace()
        world.runner.stream.trace = trace
        let steps = Self.steps(type)
        for _ in 0..<steps {
            for row in 0..<rows { batch.attention.rows[row].context += 1 }
            _ = try world.runner.decode.run(batch)
        }
        let step = Self.step([.replay(calls: kernels)], world.runner, type)
        #expect(trace.calls == Array(repeating: step, count: steps).flatMap(\.self))
        #expect(trace.kernels.isEmpty)
        #expect(world.runner.decode.indices.rebuilds == rebuilds)
    }

    @Test(arguments: [Setup.float32, .gpu]) func eagerStepLaunchesAndFetchesItsTokens(type: Setup) throws {
        let world = try DecodeWorld(type)
        var batch = batch(world, rows: 3)
        _ = try world.runner.decode.run(batch, eagerly: true)
        let kernels = try #require(world.runner.decode.graphs.kernels.first)
        let rebuilds = world.runner.decode.indices.rebuilds
        let trace = CallTrace()
        world.runner.stream.trace = trace
        let steps = Self.steps(type)
        for _ in 0..<steps {
            for row in 0..<3 { batch.attention.rows[row].context += 1 }
            _ = try world.runner.decode.run(batch, eagerly: true)
        }
        let step = Self.step(Array(repeating: .launch, count: kernels.count), world.runner, type)
        #expect(trace.calls == Array(repeating: step, count: steps).flatMap(\.self))
        #expect(trace.kernels == Array(repeating: kernels, count: steps).flatMap(\.self))
        #expect(world.runner.decode.indices.rebuilds == rebuilds)
    }

    /// Whole requests in the middle of their way: the loop adds nothing to what a step asks of the device.
    @Test(arguments: Setup.bothWays)
    func loopAsksForNoMore(type: Setup, looksAhead: Bool) throws {
        let world = try LoopWorld(TinyModel.setup(type, looksAhead: looksAhead))
        let ids = world.submit((1...3).map { TinyModel.request(window: $0, steps: 400, endless: true) })
        while ids.contains(where: { world.state(of: $0) != .decoding }), ids.allSatisfy({ world.isOpen($0) }) {
            world.step()
        }
        try #require(ids.allSatisfy { world.isOpen($0) }, "\(ids.map { world.answer(to: $0) })")
        world.step(3)
        let runner = world.loop.runner
        let kernels = try #require(runner.decode.graphs.kernels.first?.count)
        let rebuilds = world.metrics.value(.planRebuilds)
        let trace = CallTrace()
        runner.stream.trace = trace
        let steps = Self.steps(type)
        if type.isGPU {
            Self.expectSteadyDriver(runner, steps: steps) { world.step(steps) }
        } else {
            world.step(steps)
        }
        let step = Self.step([.replay(calls: kernels)], runner, type)
        #expect(trace.calls == Array(repeating: step, count: steps).flatMap(\.self))
        #expect(world.metrics.value(.planRebuilds) == rebuilds)
        runner.stream.trace = nil
        for id in ids { world.cancel(id) }
    }

    /// On the driver: a step writes once, launches one graph and reads once, and waits for the event of that read alone.
    @Test(arguments: [1, 5]) func driverIsToldOneReplayAndOneCopyEachWay(rows: Int) throws {
        let world = try DecodeWorld(.gpu)
        var batch = batch(world, rows: rows)
        try world.runner.decode.settle(world.runner.decode.run(batch))
        let graph = try #require(world.runner.decode.graphs.kernels.first).map(world.runner.stream.kernels.name(of:))
        try Self.expectSteadyDriver(world.runner, steps: 5) {
            for _ in 0..<5 {
                for row in 0..<rows { batch.attention.rows[row].context += 1 }
                try world.runner.decode.settle(world.runner.decode.run(batch))
            }
        }
        #expect(Int(stapes_fake_cuda_kernel_count(STAPES_FAKE_RUN)) == 5 * graph.count)
    }

    /// What else runs in the process can only add to a count: the least of several tries is held against zero.
    @Test(.enabled(if: AllocationCounts.isAvailable), arguments: [1, 5, 8])
    func replayedStepTakesNothingFromTheHeap(rows: Int) throws {
        let world = try DecodeWorld()
        var batch = batch(world, rows: rows)
        _ = try world.runner.decode.run(batch)
        var least = Int.max
        for _ in 0..<5 {
            let counts = try AllocationCounts.count {
                for _ in 0..<20 {
                    for row in 0..<rows { batch.attention.rows[row].context += 1 }
                    _ = try world.runner.decode.run(batch)
                }
            }
            least = min(least, counts?.allocations ?? .max)
        }
        #expect(least == 0, "allocations of twenty steps")
    }
}
