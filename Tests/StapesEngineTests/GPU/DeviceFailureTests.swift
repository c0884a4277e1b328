import CUDAEmulator
import StapesDecoding
import StapesDevice
import StapesEngine
import Testing

/// Of invariant 7 what a GPU adds: whatever call fails, wherever a request is, each request gets one answer and all that
/// it held comes back; a device that goes on serves the next one rightly, a lost one fails it.
@Suite(.serialized, .timeLimit(.minutes(3))) struct DeviceFailureTests {
    // MARK: Failures that pass

    /// The next call of a function of the driver fails while the requests are in a state.
    struct Failure: Sendable, CustomTestStringConvertible {
        let state: ScheduledSequence.State
        let function: String
        var nth: Int32 = 1
        var testDescription: String { "\(state), call \(nth) of \(function)" }

        static let graphs: [Failure] = [
            // The step to come is the encoder's, of one window by a graph and of one kernel by kernel. Its mark is made
            // for the first.
            Failure(state: .waiting, function: "event_create"),
            Failure(state: .waiting, function: "graph_launch"), Failure(state: .waiting, function: "copy_to_device"),
            Failure(state: .waiting, function: "copy_to_device", nth: 2),
            Failure(state: .waiting, function: "event_record"),
            Failure(state: .waiting, function: "event_query"), Failure(state: .waiting, function: "launch"),
            Failure(state: .waiting, function: "launch", nth: 7),
            // The prompts'.
            Failure(state: .encoded, function: "graph_launch"), Failure(state: .encoded, function: "copy_to_device"),
            Failure(state: .encoded, function: "copy_to_host"),
            Failure(state: .encoded, function: "copy_to_host", nth: 2),
            Failure(state: .encoded, function: "stream_synchronize"),
            Failure(state: .encoded, function: "event_record"), Failure(state: .encoded, function: "event_synchronize"),
            // A token's.
            Failure(state: .decoding, function: "graph_launch"), Failure(state: .decoding, function: "copy_to_device"),
            Failure(state: .decoding, function: "copy_to_host"), Failure(state: .decoding, function: "event_record"),
            Failure(state: .decoding, function: "event_synchronize"),
        ]

        static let eager: [Failure] = [
            Failure(state: .waiting, function: "launch"), Failure(state: .encoded, function: "launch", nth: 5),
            Failure(state: .decoding, function: "launch"), Failure(state: .decoding, function: "launch", nth: 9),
        ]
    }

    /// Out of memory: a code that devices recover from, wherever it comes.
    private static let passing = Int32(2)
    private static let lost = Int32(719)

    private static func limits(cacheBytes: Int) -> SchedulerLimits {
        SchedulerLimits(
            rows: 4, selfPages: 17, crossBlocks: 9, prefillTokens: 64, textContext: 64, audioContext: 20,
            cacheBytes: cacheBytes)
    }

    private static func world(
        looksAhead: Bool, graphs: GraphMode = .auto, cacheBytes: Int = .max
    ) throws -> LoopWorld {
        try LoopWorld(
            SmallModel.setup(.gpu, rows: 4, looksAhead: looksAhead, graphs: GraphOptions(mode: graphs)),
            limits: limits(cacheBytes: cacheBytes))
    }

    /// One by a graph, one that shares its window, one kernel by kernel.
    private static func requests(_ number: Int) -> [WindowRequest] {
        [
            SmallModel.request(window: 2 * number, steps: 4),
            SmallModel.request(window: 2 * number, prompt: 19, steps: 3),
            SmallModel.request(window: 2 * number + 1, positions: 5, prompt: 4, steps: 3),
        ]
    }

    /// Steps until one of the sequences is in the state and all others have come as far, at most.
    private static func bring(_ world: LoopWorld, _ ids: [SequenceID], to state: ScheduledSequence.State) throws {
        var steps = 0
        let reached = { () -> Bool in
            let states = ids.map { world.state(of: $0) }
            return state == .decoding ? states.allSatisfy { $0 == state } : states.contains(state)
        }
        while !reached(), steps < 20 {
            world.step()
            steps += 1
        }
        try #require(reached(), "the state is reached after \(steps) steps")
    }

    @Test(arguments: [(true, GraphMode.auto), (false, .auto), (true, .off)])
    func passingFailureEndsItsRequestsAndTheNextAreServed(looksAhead: Bool, graphs: GraphMode) throws {
        FakeGPU.reopen()
        // No failure is left to other tests.
        defer { FakeGPU.reopen() }
        let plain = try Self.world(looksAhead: looksAhead, graphs: graphs)
        let world = try Self.world(looksAhead: looksAhead, graphs: graphs)
        // Looking ahead makes a difference where there are tokens to look at.
        let failures =
            graphs == .off ? Failure.eager : Failure.graphs.filter { looksAhead || $0.state == .decoding }
        var live: stapes_fake_live?
        for (number, failure) in failures.enumerated() {
            let requests = Self.requests(number)
            let ids = world.submit(requests)
            try Self.bring(world, ids, to: failure.state)
            stapes_fake_cuda_fail(failure.function, failure.nth, Self.passing)
            world.drain()
            let name: Comment = "\(failure.testDescription), looking ahead \(looksAhead), graphs \(graphs)"
            let expected = plain.submit(requests)
            plain.drain()
            var failed = 0
            for (id, other) in zip(ids, expected) {
                switch world.answer(to: id) {
                case .failure(let error):
                    failed += 1
                    #expect(error.code == .device && error.message.contains("cuda:0: "), "\(error): \(failure)")
                    #expect(error.message.contains("out of memory"), "\(error): \(failure)")
                case .success:
                    // A request that was not in the step.
                    #expect(world.transcript(of: id) == plain.transcript(of: other), name)
                case nil: Issue.record("request \(id.number) has no answer: \(failure)")
                }
            }
            #expect(failed > 0, name)
            #expect(world.loop.isIdle && world.loop.holdings == EngineHoldings(), name)
            // What the failed step left behind must not be taken for a window or a prompt.
            let again = world.submit(requests)
            world.drain()
            for (id, other) in zip(again, expected) {
                #expect(world.transcript(of: id) != nil, name)
                #expect(world.transcript(of: id) == plain.transcript(of: other), name)
            }
            #expect(world.loop.isIdle && world.loop.holdings == EngineHoldings(), name)
            let now = stapes_fake_cuda_live()
            // Marks of encodings are kept for the next; there are two at most.
            if let live {
                #expect(now.allocated_bytes == live.allocated_bytes && now.events <= live.events + 3, name)
                #expect(now.host_allocations == live.host_allocations && now.graph_execs == live.graph_execs, name)
            } else {
                live = now
            }
        }
    }

    // MARK: A device that is lost

    struct Loss: Sendable, CustomTestStringConvertible {
        let state: ScheduledSequence.State
        let function: String
        let looksAhead: Bool
        var testDescription: String { "\(state), \(function)\(looksAhead ? ", looking ahead" : "")" }

        static let all = [ScheduledSequence.State.waiting, .encoded, .decoding].flatMap { state in
            ["execute", "graph_launch", "copy_to_device", "event_record"].flatMap { function in
                [false, true].map { Loss(state: state, function: function, looksAhead: $0) }
            }
        }
    }

    @Test(arguments: Loss.all) func lostDeviceEndsEveryRequest(_ loss: Loss) throws {
        FakeGPU.reopen()
        // No failure is left to other tests.
        defer { FakeGPU.reopen() }
        let world = try Self.world(looksAhead: loss.looksAhead, cacheBytes: 0)
        let ids = world.submit(Self.requests(1))
        try Self.bring(world, ids, to: loss.state)
        let waiting = world.submit(Self.requests(2) + Self.requests(3))
        stapes_fake_cuda_fail(loss.function, 1, Self.lost)
        var steps = 0
        while !world.loop.isIdle, steps < 40 {
            world.step()
            steps += 1
        }
        #expect(world.loop.isIdle, "\(steps) steps later")
        let late = world.submit(Self.requests(4))
        world.drain()
        for id in ids + waiting + late {
            guard case .failure(let error) = world.answer(to: id) else {
                Issue.record("request \(id.number): \(String(describing: world.answer(to: id)))")
                continue
            }
            #expect(error.code == .device && error.message.contains("CUDA_ERROR_LAUNCH_FAILED"), "\(error)")
        }
        #expect(world.loop.isIdle && world.loop.holdings == EngineHoldings())
    }

    /// With a thread of its own: nobody waits for ever, and the engine closes.
    @Test(arguments: [false, true]) func callersOfALostDeviceGetErrors(looksAhead: Bool) async throws {
        FakeGPU.reopen()
        // No failure is left to other tests.
        defer { FakeGPU.reopen() }
        let engine = try await Engine(SmallModel.setup(.gpu, rows: 4, looksAhead: looksAhead))
        #expect(await engine.failure(of: SmallModel.request(window: 1, steps: 2)) == nil)
        stapes_fake_cuda_fail("execute", 90, Self.lost)
        let tasks = (0..<12).map { number in
            Task { await engine.failure(of: SmallModel.request(window: number, steps: 30)) }
        }
        for task in tasks { #expect(await task.value == .device) }
        #expect(await engine.failure(of: SmallModel.request(window: 1, steps: 2)) == .device)
        #expect(await engine.holdings() == EngineHoldings())
        engine.close()
        #expect(await engine.failure(of: SmallModel.request(window: 1, steps: 2)) == .stopped)
    }

    // MARK: Starting

    /// The n-th call of each function that a start makes fails, for some n: the start fails and leaves nothing.
    @Test(arguments: [
        "memory_allocate", "host_allocate", "stream_create", "event_create", "copy_to_device", "set_bytes", "launch",
        "stream_begin_capture", "graph_instantiate", "graph_upload", "stream_synchronize", "module_function",
        "function_set_attribute",
    ]) func startThatFailsLeavesNothing(function: String) throws {
        FakeGPU.reopen()
        // No failure is left to other tests.
        defer { FakeGPU.reopen() }
        let whole = try Self.world(looksAhead: true)
        let calls = Int(stapes_fake_cuda_calls(function))
        try #require(calls > 0 && whole.loop.isIdle, "a start calls \(function)")
        for nth in Set([1, 2, 3, calls / 2, calls - 2]).filter({ $0 > 0 && $0 <= calls }).sorted() {
            FakeGPU.reopen()
            let before = stapes_fake_cuda_live()
            // Memory is asked for once more when what is kept has been given back.
            for _ in 0..<(function == "memory_allocate" ? 2 : 1) {
                stapes_fake_cuda_fail(function, Int32(nth), Self.passing)
            }
            let error = #expect(throws: (any Error).self, "call \(nth) of \(calls)") {
                _ = try Self.world(looksAhead: true)
            }
            if let error { #expect(error is DeviceError, "\(error)") }
            let after = stapes_fake_cuda_live()
            #expect(after.streams == before.streams && after.events == before.events, "call \(nth) of \(calls)")
            #expect(after.graphs == before.graphs && after.graph_execs == before.graph_execs, "call \(nth) of \(calls)")
            #expect(after.host_allocations == before.host_allocations, "call \(nth) of \(calls)")
            // Small blocks are kept for whoever starts next.
            _ = try Self.world(looksAhead: true)
        }
    }
}
