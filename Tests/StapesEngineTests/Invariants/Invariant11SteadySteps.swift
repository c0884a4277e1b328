import StapesDevice
import StapesEngine
import StapesInstruments
import StapesMetrics
import StapesTesting
import Testing

@Suite("Invariant 11: a steady step reads its tokens and nothing else", .serialized) struct Invariant11SteadySteps {
    private static let steps = 120

    /// The one read of a step's choices: a token and a log-probability for each of the eight rows that there may be.
    private static let fetch = CallTrace.Call.read(byteCount: 8 * 8)

    private func batch(_ world: DecodeWorld, rows: Int) -> DecodeBatch {
        let live = (0..<rows).map { world.live($0, context: 1, encoderLength: 90 - $0) }
        world.sit(live)
        return DecodeBatch(rows: live.map(\.row), seats: live.map(\.seat), epoch: 1)
    }

    @Test(arguments: [1, 3, 8]) func replayedStepIsOneReplayAndTheFetchOfItsTokens(rows: Int) throws {
        let world = try DecodeWorld()
        var batch = batch(world, rows: rows)
        _ = try world.runner.decode.run(batch)
        let kernels = try #require(world.runner.decode.graphs.kernels.first?.count)
        let rebuilds = world.runner.decode.indices.rebuilds
        let trace = CallTrace()
        world.runner.stream.trace = trace
        for _ in 0..<Self.steps {
            for row in 0..<rows { batch.attention.rows[row].context += 1 }
            _ = try world.runner.decode.run(batch)
        }
        let step = [.replay(calls: kernels), Self.fetch]
        #expect(trace.calls == Array(repeating: step, count: Self.steps).flatMap(\.self))
        #expect(trace.kernels.isEmpty)
        #expect(world.runner.decode.indices.rebuilds == rebuilds)
    }

    @Test func eagerStepLaunchesAndFetchesItsTokens() throws {
        let world = try DecodeWorld()
        var batch = batch(world, rows: 3)
        _ = try world.runner.decode.run(batch, eagerly: true)
        let kernels = try #require(world.runner.decode.graphs.kernels.first)
        let rebuilds = world.runner.decode.indices.rebuilds
        let trace = CallTrace()
        world.runner.stream.trace = trace
        for _ in 0..<Self.steps {
            for row in 0..<3 { batch.attention.rows[row].context += 1 }
            _ = try world.runner.decode.run(batch, eagerly: true)
        }
        let step = Array(repeating: CallTrace.Call.launch, count: kernels.count) + [Self.fetch]
        #expect(trace.calls == Array(repeating: step, count: Self.steps).flatMap(\.self))
        #expect(trace.kernels == Array(repeating: kernels, count: Self.steps).flatMap(\.self))
        #expect(world.runner.decode.indices.rebuilds == rebuilds)
    }

    /// Whole requests in the middle of their way: the loop adds nothing to what a step asks of the device.
    @Test(arguments: [false, true]) func loopAsksForNoMore(looksAhead: Bool) throws {
        let world = try LoopWorld(TinyModel.setup(looksAhead: looksAhead))
        let ids = world.submit((1...3).map { TinyModel.request(window: $0, steps: 400, endless: true) })
        while ids.contains(where: { world.state(of: $0) != .decoding }) { world.step() }
        world.step(3)
        let runner = world.loop.runner
        let kernels = try #require(runner.decode.graphs.kernels.first?.count)
        let rebuilds = world.metrics.value(.planRebuilds)
        let trace = CallTrace()
        runner.stream.trace = trace
        world.step(Self.steps)
        let step = [.replay(calls: kernels), Self.fetch]
        #expect(trace.calls == Array(repeating: step, count: Self.steps).flatMap(\.self))
        #expect(world.metrics.value(.planRebuilds) == rebuilds)
        runner.stream.trace = nil
        for id in ids { world.cancel(id) }
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
