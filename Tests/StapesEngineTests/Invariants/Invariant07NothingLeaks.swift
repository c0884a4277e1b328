import StapesDecoding
import StapesDevice
import StapesEngine
import StapesMetrics
import StapesTesting
import Testing

/// However requests end, pages, blocks, seats and counts come back. What the device itself fails with, which only a GPU
/// does, `DeviceFailureTests` show.
@Suite("Invariant 7: nothing leaks", .serialized, .timeLimit(.minutes(2))) struct Invariant07NothingLeaks {
    /// All that an idle engine may hold.
    private func expectBaseline(_ world: LoopWorld, _ comment: Comment? = nil) {
        #expect(world.loop.scheduler.isIdle && world.loop.scheduler.waitingCount == 0, comment)
        #expect(world.loop.holdings == EngineHoldings(), comment)
        #expect(world.metrics.value(.usedBlocks) == 0 && world.metrics.value(.usedPages) == 0, comment)
        #expect(world.metrics.value(.cachedBytes) == 0, comment)
    }

    // MARK: Abort in each state

    struct Abort: Sendable, CustomTestStringConvertible {
        let type: Setup
        let state: ScheduledSequence.State
        let looksAhead: Bool
        var testDescription: String { "\(state)\(looksAhead ? ", looking ahead" : ""), \(type.testDescription)" }

        static let all: [Abort] =
            [Setup.float32, .gpu].flatMap { type in
                (type.isGPU ? [true] : [false, true]).flatMap { looksAhead in
                    // On the CPU an encoding begins and ends within a step.
                    ([.waiting, .encoded, .decoding] + (type.isGPU ? [.encoding] : [])).map {
                        Abort(type: type, state: $0, looksAhead: looksAhead)
                    }
                } + [Abort(type: type, state: .ending, looksAhead: true)]
            }
    }

    /// Two sequences: the one that is aborted comes second; of the first everything is left as it was.
    @Test(arguments: Abort.all) func abortInEachStateReturnsEverything(_ abort: Abort) throws {
        // A window takes some steps to be encoded.
        if abort.type.isGPU { FakeGPU.reopen(notReadyCount: abort.state == .encoding ? 9 : 0) }
        let other = abort.type.requests[0]
        let alone = try LoopWorld(TinyModel.setup(abort.type))
        let expected = alone.submit(other)
        alone.drain()

        // One row makes the second wait.
        let rows = abort.state == .waiting ? 1 : 4
        // Encoded together with the first, the second would be seen when both are there.
        let world = try LoopWorld(
            TinyModel.setup(
                abort.type, rows: rows, looksAhead: abort.looksAhead, cacheBytes: 0,
                encoderWindows: abort.state == .encoding ? 1 : nil))
        let survivor = world.submit(other)
        let doomed = world.submit(TinyModel.request(window: 2, prompt: 30, steps: 2, endless: true))
        // A third shares its window and takes over whatever it leaves.
        let heir = world.submit(TinyModel.request(window: 2, prompt: 30, steps: 3, endless: true))
        var steps = 0
        while world.state(of: doomed) != abort.state, steps < 50 {
            world.step()
            steps += 1
        }
        try #require(world.state(of: doomed) == abort.state, "the state is reached after \(steps) steps")
        world.cancel(doomed)
        #expect(world.failure(of: doomed) == .cancelled)
        #expect(world.state(of: doomed) == nil)
        world.drain()
        #expect(world.transcript(of: survivor) == alone.transcript(of: expected))
        #expect(world.transcript(of: heir)?.tokens.count == 3)
        expectBaseline(world)
    }

    @Test(arguments: Setup.bothWays)
    func abortOfEverythingInEachStepReturnsEverything(type: Setup, looksAhead: Bool) throws {
        // While a window is encoded on a GPU steps go on.
        if type.isGPU { FakeGPU.reopen(notReadyCount: 1) }
        for steps in type.isGPU ? [1, 4] : Array(0..<14) {
            let world = try LoopWorld(TinyModel.setup(type, rows: 3, looksAhead: looksAhead, cacheBytes: 0))
            let ids = world.submit(
                (type.isGPU ? type.requests : TinyModel.mixed) + [TinyModel.question(window: 1)])
            world.step(steps)
            for id in ids { world.cancel(id) }
            expectBaseline(world, "after \(steps) steps")
            world.step(type.isGPU ? 3 : 2)
            #expect(world.loop.isIdle)
            expectBaseline(world, "two steps after that, which had been \(steps)")
            let again = world.submit(type.requests[1])
            world.drain()
            #expect(world.transcript(of: again) != nil)
        }
    }

    // MARK: Failures

    /// Features that are not numbers are the one failure a request can bring with it. Its neighbours share the steps.
    @Test(arguments: Setup.bothWays)
    func windowThatIsNotANumberFailsAlone(type: Setup, looksAhead: Bool) throws {
        let requests = type.isGPU ? Array(type.requests.prefix(3)) : TinyModel.mixed
        let plain = try LoopWorld(TinyModel.setup(type))
        let expected = plain.submit(requests)
        plain.drain()

        let world = try LoopWorld(TinyModel.setup(type, looksAhead: looksAhead, cacheBytes: 0))
        let damaged = world.submit([Self.damaged(prompt: 3), Self.damaged(prompt: 40)])
        let others = world.submit(requests)
        world.drain()
        for id in damaged { #expect(world.failure(of: id) == .notANumber) }
        for (id, other) in zip(expected, others) { #expect(world.transcript(of: other) == plain.transcript(of: id)) }
        expectBaseline(world)
    }

    private static func damaged(prompt: Int) -> WindowRequest {
        let request = TinyModel.request(window: 3, positions: 20, prompt: prompt)
        return WindowRequest(
            features: Array(repeating: .nan, count: 2 * 20 * TinyModel.configuration.melBins), positions: 20,
            prompt: request.prompt, startIndex: request.startIndex, purpose: request.purpose)
    }

    @Test(arguments: [Setup.float32, .gpu])
    func damagedWeightsFailEveryRequestAndHoldNothing(type: Setup) async throws {
        let model = try TinyModel()
        let file = try model.directory.read("model.safetensors")
        let header = 8 + file[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        try model.directory.overwrite(
            [UInt8](repeating: 0xff, count: file.count - header), at: header, in: "model.safetensors")
        let engine = try await Engine(model.configuration(type))
        for request in type.isGPU ? type.requests : TinyModel.mixed {
            #expect(await engine.failure(of: request) == .notANumber)
        }
        #expect(await engine.holdings() == EngineHoldings())
    }

    @Test func refusedRequestsHoldNothing() throws {
        let world = try LoopWorld(TinyModel.setup(rows: 4, cacheBytes: 0), limits: .tiny(rows: 4, selfPages: 4))
        let id = world.submit(TinyModel.request(window: 1, prompt: 49, steps: 1))
        #expect(world.failure(of: id) == .invalidRequest, "more pages than there are")
        expectBaseline(world)
    }

    /// Three pages among eight rows: sequences wait for pages, none for ever.
    @Test(arguments: Setup.bothWays)
    func lackOfPagesMakesSequencesWait(type: Setup, looksAhead: Bool) throws {
        let world = try LoopWorld(
            TinyModel.setup(type, looksAhead: looksAhead, cacheBytes: 0), limits: .tiny(rows: 8, selfPages: 4))
        let ids = world.submit(
            (0..<(type.isGPU ? 5 : 20)).map {
                TinyModel.request(window: $0 % 5, positions: 3 + $0, prompt: 10 + $0, steps: type.isGPU ? 7 : 8)
            })
        world.step(3)
        #expect(world.loop.scheduler.waitingCount > 0 && world.loop.scheduler.pages.freeCount < 2)
        world.drain()
        for id in ids { #expect(world.transcript(of: id) != nil, "sequence \(id.number)") }
        expectBaseline(world)
    }

    // MARK: 1000 rounds

    /// Requests of mixed lengths, aborted at random, many times over (64 a thousand times on the CPU), on one engine: by turns one with a row for
    /// everybody that looks ahead and keeps nothing, and one whose rows, pages and cache are too small.
    @Test(arguments: [(Setup.float32, 1000, 64), (.gpu, 8, 16)])
    func manyRoundsOfRandomAbortsLeaveNothing(type: Setup, rounds: Int, together: Int) throws {
        if type.isGPU { FakeGPU.reopen(notReadyCount: 2) }
        let seed: UInt64 = 170
        var generator = SeededGenerator(seed: seed)
        let requests = (0..<400).map { _ in SmallModel.draw(using: &generator) }
        let wide = try LoopWorld(SmallModel.setup(type, rows: together, looksAhead: true))
        let narrow = try LoopWorld(
            SmallModel.setup(type, rows: 10, looksAhead: false),
            limits: SmallModel.limits(type, rows: 10, selfPages: 26, crossBlocks: 7, cacheBytes: 64 << 10))
        var ends: [String: Int] = [:]
        for round in 0..<rounds {
            let world = round % 2 == 0 ? wide : narrow
            var ids = (0..<together).map { _ in world.submit(requests.randomElement(using: &generator)!) }
            let all = ids
            ids.shuffle(using: &generator)
            var steps = 0
            while !world.loop.isIdle, steps < 1000 {
                for _ in 0..<Int.random(in: 0...3, using: &generator) {
                    guard let id = ids.popLast() else { break }
                    world.cancel(id)
                }
                world.step()
                steps += 1
            }
            for id in all { ends[Self.end(of: id, in: world), default: 0] += 1 }
            world.forget()
            let isClean =
                world.loop.isIdle && world.loop.holdings == EngineHoldings()
                && world.metrics.value(.usedBlocks) == 0 && world.metrics.value(.usedPages) == 0
                && world.metrics.value(.cachedBytes) <= (round % 2 == 0 ? 0 : 64 << 10)
            guard isClean else {
                Issue.record("seed \(seed), round \(round): \(world.loop.holdings) after \(steps) steps")
                return
            }
        }
        #expect(ends["lost"] == nil, "every request is answered")
        let least = type.isGPU ? 3 : 500
        for end in ["answered", "cancelled", "notANumber"] { #expect(ends[end, default: 0] > least, "\(ends)") }
        for world in [wide, narrow] {
            #expect(world.metrics.replays("decode") > rounds && world.metrics.eagerSteps("decode") == 0)
        }
        #expect(wide.metrics.value(.lateRows) > 0)
    }

    private static func end(of id: SequenceID, in world: LoopWorld) -> String {
        switch world.answer(to: id) {
        case .success: "answered"
        case .failure(let error): "\(error.code)"
        case nil: "lost"
        }
    }

    // MARK: The client is gone

    static let long = TinyModel.request(window: 1, prompt: 3, steps: 446, endless: true)

    @Test(arguments: Setup.bothWays)
    func cancelledTasksReturnEverythingAtAnyMoment(type: Setup, looksAhead: Bool) async throws {
        if type.isGPU { FakeGPU.reopen(notReadyCount: 2) }
        let seed: UInt64 = 90
        var generator = SeededGenerator(seed: seed)
        let metrics = MetricsRegistry()
        let engine = try await Engine(
            TinyModel.setup(type, rows: 4, looksAhead: looksAhead, cacheBytes: 0, metrics: metrics))
        let delay = type.isGPU ? 60_000 : 1500
        var ended: [EngineError.Code?: Int] = [:]
        for round in 0..<type.rounds(100) {
            let requests = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                // Few windows, so that some share one that is being encoded; some wait for a row.
                TinyModel.request(
                    window: Int.random(in: 0..<40, using: &generator),
                    positions: Int.random(in: 1...100, using: &generator),
                    prompt: Int.random(in: 1...(type.isGPU ? 20 : 60), using: &generator),
                    steps: Int.random(in: 1...(type.isGPU ? 6 : 40), using: &generator))
            }
            let tasks = requests.map { request in Task { await engine.failure(of: request) } }
            for task in tasks {
                try await Task.sleep(for: .microseconds(Int.random(in: 0...delay, using: &generator)))
                if Int.random(in: 0..<4, using: &generator) > 0 { task.cancel() }
            }
            // Rounds overlap: only now and then is the engine left to come to its end.
            if round % 3 == 0 { for task in tasks { ended[await task.value, default: 0] += 1 } }
        }
        _ = try await engine.transcript(type.requests[1])
        var holdings = await engine.holdings()
        while holdings.sequences > 0 {
            try await Task.sleep(for: .milliseconds(1))
            holdings = await engine.holdings()
        }
        #expect(holdings == EngineHoldings())
        #expect(Set(ended.keys) == [nil, .cancelled], "seed \(seed): \(ended)")
        #expect(metrics.value(.usedBlocks) == 0 && metrics.value(.usedPages) == 0)
        #expect(metrics.value(.cachedBytes) == 0)
    }

    @Test(arguments: [Setup.float32, .gpu]) func cancelledTaskIsNotServed(type: Setup) async throws {
        let engine = try await Engine(TinyModel.setup(type))
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await engine.failure(of: Self.long)
        }
        #expect(await task.value == .cancelled)
        #expect(await engine.holdings() == EngineHoldings())
    }

    /// The moment between looking at the task and handing the request in: a cancellation there must not be lost.
    @Test func cancellationWhileTheRequestIsHandedInIsSeen() async throws {
        let engine = try await Engine(TinyModel.setup())
        var served = 0
        for round in 0..<15000 {
            let task = Task { await engine.failure(of: Self.long) }
            // Nothing, to a few microseconds.
            for _ in 0..<(round % 50) * 20 { _ = Self.nothing() }
            if round % 2 == 0 { await Task.yield() }
            task.cancel()
            if await task.value == nil { served += 1 }
            if served > 3 { break }
        }
        #expect(served == 0, "446 steps take far longer than it took to cancel")
        #expect(await engine.holdings() == EngineHoldings())
    }

    @inline(never) private static func nothing() -> Int { 1 }
}
