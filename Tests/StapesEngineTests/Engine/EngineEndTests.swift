import StapesDecoding
import StapesEngine
import StapesTesting
import Testing

/// Cancelling and closing. Invariant 7: nothing leaks.
@Suite(.timeLimit(.minutes(1))) struct EngineEndTests {
    let model: TinyModel

    init() throws { model = try TinyModel() }

    private static let long = TinyModel.request(window: 1, prompt: 3, steps: 446, endless: true)

    @Test func cancellationAtAnyMomentReturnsEverything() async throws {
        let seed: UInt64 = 90
        var generator = SeededGenerator(seed: seed)
        let engine = try await Engine(model.configuration(rows: 4))
        var ended: [EngineError.Code?: Int] = [:]
        for round in 0..<200 {
            let requests = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                // Few windows, so that some share one that is being encoded; some wait for a row.
                TinyModel.request(
                    window: Int.random(in: 0..<40, using: &generator),
                    positions: Int.random(in: 1...100, using: &generator),
                    prompt: Int.random(in: 1...60, using: &generator),
                    steps: Int.random(in: 1...40, using: &generator))
            }
            let tasks = requests.map { request in Task { await engine.failure(of: request) } }
            for task in tasks {
                try await Task.sleep(for: .microseconds(Int.random(in: 0...1500, using: &generator)))
                if Int.random(in: 0..<4, using: &generator) > 0 { task.cancel() }
            }
            // Rounds overlap: only now and then is the engine left to come to its end.
            if round % 3 == 0 { for task in tasks { ended[await task.value, default: 0] += 1 } }
        }
        _ = try await engine.transcript(TinyModel.mixed[1])
        var holdings = await engine.holdings()
        while holdings.sequences > 0 {
            try await Task.sleep(for: .milliseconds(1))
            holdings = await engine.holdings()
        }
        #expect(holdings == EngineHoldings())
        #expect(Set(ended.keys) == [nil, .cancelled], "seed \(seed): \(ended)")
    }

    @Test func cancelledTaskIsNotServed() async throws {
        let engine = try await Engine(model.configuration())
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await engine.failure(of: Self.long)
        }
        #expect(await task.value == .cancelled)
        #expect(await engine.holdings() == EngineHoldings())
    }

    /// The moment between looking at the task and handing the request in: a cancellation there must not be lost.
    @Test func cancellationWhileTheRequestIsHandedInIsSeen() async throws {
        let engine = try await Engine(model.configuration())
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

    @Test func cancelledRequestLeavesTheOthersAsTheyWere() async throws {
        let engine = try await Engine(model.configuration())
        let alone = try await engine.transcript(TinyModel.mixed[7])
        for _ in 0..<10 {
            let doomed = (1...4).map { _ in Task { await engine.failure(of: Self.long) } }
            async let result = engine.transcript(TinyModel.mixed[7])
            try await Task.sleep(for: .milliseconds(2))
            for task in doomed { task.cancel() }
            #expect(agree(try await result, alone))
            for task in doomed { #expect(await task.value == .cancelled) }
        }
    }

    @Test func closingFinishesWhatIsThere() async throws {
        let engine = try await Engine(model.configuration(rows: 2))
        // Long ones first: none has ended when all are in.
        let requests = (0..<6).map { TinyModel.request(window: $0, steps: 200 - $0, endless: true) }
        let alone = try await engine.together(requests)
        let tasks = requests.map { request in Task { try await engine.transcript(request) } }
        while await engine.holdings().sequences < 6 { await Task.yield() }
        engine.close()
        for (task, expected) in zip(tasks, alone) { #expect(agree(try await task.value, expected)) }
        #expect(await engine.failure(of: TinyModel.mixed[1]) == .stopped)
        #expect(await engine.holdings() == EngineHoldings())
        engine.close()
    }

    @Test func cancellationIsSeenAfterClosing() async throws {
        let engine = try await Engine(model.configuration(rows: 1))
        let tasks = (0..<4).map { _ in Task { await engine.failure(of: Self.long) } }
        while await engine.holdings().sequences < 4 { await Task.yield() }
        engine.close()
        for task in tasks { task.cancel() }
        for task in tasks { #expect(await task.value == .cancelled) }
    }

    @Test func engineThatNobodyHoldsEnds() async throws {
        weak var released: Engine?
        do {
            let engine = try await Engine(model.configuration())
            _ = try await engine.transcript(TinyModel.mixed[1])
            released = engine
        }
        #expect(released == nil)
    }
}
