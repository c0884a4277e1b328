import StapesDecoding
import StapesEngine
import StapesTesting
import Testing

/// Cancelling and closing. That nothing is held afterwards, invariant 7 shows.
@Suite(.timeLimit(.minutes(1))) struct EngineEndTests {
    let model: TinyModel

    init() throws { model = try TinyModel() }

    private static let long = TinyModel.request(window: 1, prompt: 3, steps: 446, endless: true)

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
