import StapesEngine
import StapesMetrics
import StapesTesting
import Testing

/// The counts of a run that can be followed by hand.
@Suite struct EngineMetricsTests {
    /// Three windows of ten tokens each. A window is encoded a step, so the sequences join one after the other: decode
    /// steps of 1, 2, 3 (seven times), 2 and 1 rows.
    private func run(looksAhead: Bool = false, graphs: GraphOptions = GraphOptions()) throws -> LoopWorld {
        let world = try LoopWorld(TinyModel.setup(looksAhead: looksAhead, graphs: graphs))
        let ids = world.submit((1...3).map { TinyModel.request(window: $0, steps: 10, endless: true) })
        world.drain()
        for id in ids { #expect(world.transcript(of: id)?.tokens.count == 10) }
        return world
    }

    @Test(arguments: [false, true]) func everyStepIsCountedOnce(looksAhead: Bool) throws {
        let world = try run(looksAhead: looksAhead)
        let metrics = world.metrics
        #expect(metrics.replays("encoder") == 3 && metrics.replays("prefill") == 3 && metrics.replays("decode") == 11)
        #expect(["encoder", "prefill", "decode"].allSatisfy { metrics.eagerSteps($0) == 0 })
        #expect(metrics.value(.paddingRows) == 7, "three rows in a graph of four")
        #expect(metrics.value(.planRebuilds) == 5, "one for each change of members")
        #expect(metrics.value(.lateRows) == 0)
        let histogram = try #require(metrics.histogram(EngineMetricName.decodeStep.rawValue))
        #expect(histogram.count == 11 && histogram.sum > 0)
        #expect(metrics.value(.windowLookups, ["result": "miss"]) == 3)
        #expect(metrics.value(.windowLookups, ["result": "hit"]) == 0)
        #expect(metrics.value(.prefixLookups, ["result": "miss"]) == 0, "no prompt fills a page")
        #expect(metrics.value(.usedBlocks) == 0 && metrics.value(.usedPages) == 0)
        #expect(metrics.value(.cachedBytes) == 3 * world.loop.scheduler.limits.blockBytes)
        #expect(metrics.value(.encodedWindows) == 3 && metrics.value(.tokens) == 30)
        #expect(metrics.value(.finishedWindows, ["result": "ok"]) == 3)
        #expect(metrics.value(.waitingWindows) == 0)
        #expect(metrics.histogram(EngineMetricName.encode.rawValue)?.count == 3)
        #expect(metrics.histogram(EngineMetricName.prefill.rawValue)?.count == 3)
        #expect(metrics.histogram(EngineMetricName.windowWait.rawValue)?.count == 3)
        let rows = try #require(metrics.histogram(EngineMetricName.decodeRows.rawValue))
        #expect(rows.count == 11 && rows.sum == 27)
    }

    @Test func endsAreCountedByResult() throws {
        let world = try LoopWorld(TinyModel.setup(rows: 1))
        let ids = world.submit((1...2).map { TinyModel.request(window: $0, steps: 5, endless: true) })
        world.step()
        #expect(world.metrics.value(.waitingWindows) == 1)
        world.cancel(ids[1])
        #expect(world.metrics.value(.waitingWindows) == 0)
        world.submit(TinyModel.request(window: 1, prompt: 4, steps: 10_000))
        world.drain()
        for (result, count) in [("ok", 1), ("cancelled", 1), ("failed", 1)] {
            #expect(world.metrics.value(.finishedWindows, ["result": result]) == count, "\(result)")
        }
        #expect(world.metrics.value(.encodedWindows) == 1)
    }

    @Test func eagerStepsAreCountedByReason() throws {
        let metrics = try run(graphs: GraphOptions(mode: .off)).metrics
        for (plane, steps) in [("encoder", 3), ("prefill", 3), ("decode", 11)] {
            #expect(metrics.value(.eagerSteps, ["plane": plane, "reason": "graphs_off"]) == steps)
            #expect(metrics.eagerSteps(plane) == steps && metrics.replays(plane) == 0)
        }
        #expect(metrics.value(.paddingRows) == 0)
    }

    @Test func whatIsInUseIsSeenWhileItIs() throws {
        let world = try LoopWorld(TinyModel.setup(cacheBytes: 0))
        let id = world.submit(TinyModel.request(window: 1, prompt: 40, steps: 60, endless: true))
        world.step(2)
        #expect(world.metrics.value(.usedBlocks) == 1 && world.metrics.value(.usedPages) == 7, "40 + 59 positions")
        #expect(world.metrics.value(.prefixLookups, ["result": "miss"]) == 2)
        world.cancel(id)
        #expect(world.metrics.value(.usedBlocks) == 0 && world.metrics.value(.usedPages) == 0)
        #expect(world.metrics.value(.cachedBytes) == 0)
    }

    @Test func everyNameIsThereFromTheStart() throws {
        let world = try LoopWorld(TinyModel.setup())
        let labels = Set(world.metrics.samples.map(\.label))
        #expect(labels == Set(EngineMetricName.allCases.map(\.rawValue)))
    }
}
