import StapesDecoding
import StapesDevice
import StapesEngine
import StapesModel
import StapesTesting
import Testing

/// Beams through the whole engine: pages that are shared and copied, seats, batches.
@Suite(.timeLimit(.minutes(2))) struct BeamTests {
    private func request(
        window: Int, beam: Int, steps: Int = 24, prompt: Int = 4, patience: Double = 1, timestamps: Bool = true,
        positions: Int = 100, endless: Bool = false, penalty: Float = 1, ngram: Int = 0
    ) -> WindowRequest {
        TinyModel.request(
            window: window, positions: positions, prompt: prompt, steps: steps, timestamps: timestamps,
            endless: endless,
            sampling: SamplingOptions(
                beamSize: beam, patience: patience, repetitionPenalty: penalty, noRepeatNgramSize: ngram))
    }

    private var mixed: [WindowRequest] {
        [
            request(window: 1, beam: 5), request(window: 2, beam: 3, prompt: 30, patience: 2),
            request(window: 1, beam: 1),
            request(window: 3, beam: 2, steps: 40, prompt: 16, positions: 33, endless: true),
            request(window: 4, beam: 5, steps: 33, timestamps: false, endless: true),
            request(window: 5, beam: 4, steps: 20, endless: true, penalty: 1.3, ngram: 2),
            TinyModel.request(
                window: 6, steps: 30, endless: true, sampling: SamplingOptions(temperature: 0.7, seed: 3)),
        ]
    }

    @Test(arguments: [Setup.float32, .bfloat16])
    func beamAloneIsTheSameInABatch(_ type: Setup) async throws {
        let engine = try await Engine(TinyModel.setup(type, rows: 24))
        var alone: [WindowResult] = []
        for request in mixed { alone.append(try await engine.transcript(request)) }
        for _ in 0..<3 { #expect(try await engine.together(mixed) == alone) }
        for setup in [
            TinyModel.setup(type, rows: 5), TinyModel.setup(type, rows: 9, looksAhead: true),
            TinyModel.setup(type, rows: 24, graphs: GraphOptions(mode: .off), cacheBytes: 0),
        ] {
            let other = try await Engine(setup)
            #expect(try await other.together(mixed) == alone)
            #expect(await other.holdings() == EngineHoldings())
        }
        #expect(await engine.holdings() == EngineHoldings())
    }

    /// Every hypothesis is given to the decoder as a prompt of its own, so that no page is ever shared: the search over
    /// what comes of that is the truth.
    @Test(arguments: [2, 5]) func beamAgreesWithHypothesesThatShareNothing(_ width: Int) async throws {
        let steps = 20
        for window in 1...3 {
            let beam = request(window: window, beam: width, steps: steps, timestamps: false)
            let found = try await Engine(TinyModel.setup(rows: 8)).transcript(beam)
            let world = try PromptWorld(beam)
            var search = BeamSearch(width: width, endOfText: TinyModel.special.endOfText)
            for _ in 0..<steps where !search.isComplete {
                let candidates = try search.beams.map { try world.candidates(after: $0.tokens, count: width + 1) }
                if search.advance(candidates).isEmpty { break }
            }
            let best = try #require(search.best(lengthPenalty: nil))
            #expect(found.tokens == best.tokens, "window \(window)")
            #expect(abs(found.sumLogProbability - Double(best.sumLogProbability)) < 1e-3)
        }
    }

    @Test func widerBeamFindsLikelierText() async throws {
        let engine = try await Engine(TinyModel.setup(rows: 16))
        var gains = 0
        for window in 0..<12 {
            let one = try await engine.transcript(request(window: window, beam: 1, steps: 12, endless: true))
            let many = try await engine.transcript(request(window: window, beam: 8, steps: 12, endless: true))
            if many.sumLogProbability > one.sumLogProbability + 1e-6 { gains += 1 }
        }
        #expect(gains >= 6, "a beam of eight beat the likeliest tokens in \(gains) of 12 windows")
    }

    @Test func repeatedRunsDoNotCome() async throws {
        let engine = try await Engine(TinyModel.setup(rows: 8))
        for beam in [1, 4] {
            let result = try await engine.transcript(
                request(window: 7, beam: beam, steps: 60, timestamps: false, endless: true, ngram: 2))
            let pairs = zip(result.tokens, result.tokens.dropFirst()).map { [$0, $1] }
            #expect(Set(pairs).count == pairs.count && pairs.count > 40)
        }
    }

    @Test func abortedBeamsReturnEverything() throws {
        var generator = SeededGenerator(seed: 77)
        let world = try LoopWorld(TinyModel.setup(rows: 20, cacheBytes: 0))
        for round in 0..<200 {
            let ids = world.submit(
                (0..<4).map { request(window: round % 3, beam: 1 + ($0 + round) % 6, steps: 20, endless: true) })
            world.step(Int.random(in: 0...12, using: &generator))
            for id in ids.shuffled(using: &generator).prefix(3) { world.cancel(id) }
            if round % 5 == 0 { world.drain() }
        }
        world.drain()
        #expect(world.loop.holdings == EngineHoldings())
    }

    @Test func impossibleBeamsAreRefused() async throws {
        let engine = try await Engine(TinyModel.setup(rows: 4))
        #expect(await engine.failure(of: request(window: 1, beam: 5)) == .invalidRequest)
        #expect(await engine.failure(of: request(window: 1, beam: 16)) == .invalidRequest)
        #expect(await engine.failure(of: request(window: 1, beam: 0)) == .invalidRequest)
        #expect(await engine.failure(of: request(window: 1, beam: 2, patience: 0)) == .invalidRequest)
        #expect(await engine.failure(of: request(window: 1, beam: 2, penalty: 0)) == .invalidRequest)
        let hot = TinyModel.request(window: 1, sampling: SamplingOptions(temperature: 1, beamSize: 2))
        #expect(await engine.failure(of: hot) == .invalidRequest)
    }
}

/// What could come next, by a prefill of all that came before.
private final class PromptWorld {
    private let runner: ModelRunner
    private let request: WindowRequest
    private let seat: Int32
    private var epoch = 0

    init(_ request: WindowRequest) throws {
        self.request = request
        let configuration = TinyModel.setup(rows: 1, graphs: GraphOptions(mode: .off), cacheBytes: 0)
        runner = try ModelRunner(
            configuration, checkpoint: .random(TinyModel.configuration, seed: 7),
            limits: SchedulerLimits(configuration, model: TinyModel.configuration))
        guard case .transcript(let rules, _, _) = request.purpose else {
            throw EngineError(.invalidRequest, "a transcript is searched for")
        }
        seat = runner.seats.reserve(rules, SamplingOptions())
        _ = try runner.encode.run(request.features, positions: request.positions, block: 1)
    }

    func candidates(after tokens: [Int], count: Int) throws -> [BeamSearch.Candidate] {
        // The rules look at how many tokens there were; the first step alone forbids a blank and the end.
        var state = runner.seats.readState(of: seat)
        state.count = Int32(tokens.count)
        state.token = Int32(tokens.last ?? 0)
        runner.seats.setState(state, of: seat)
        epoch += 1
        let all = request.prompt + tokens
        let row = AttentionRow(
            tokens: all.count, context: 0, pages: Array(1...28), block: 1, encoderLength: request.positions)
        let launched = try runner.prefill.run(
            [Prompt(row: row, tokens: all, logitTokens: [all.count - 1, 0], seat: seat)], epoch: epoch)
        var logits = [Float](repeating: 0, count: TinyModel.configuration.vocabularySize)
        runner.prefill.readLogits(0, of: launched, into: &logits)
        let order = logits.indices.filter { logits[$0] > -.infinity }.sorted { (logits[$0], $1) > (logits[$1], $0) }
        let choice = runner.prefill.choice(row: 0, of: launched)
        return order.prefix(count).map {
            BeamSearch.Candidate(
                token: $0, logProbability: choice.logProbability + logits[$0] - logits[choice.token])
        }
    }
}
