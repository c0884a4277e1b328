import StapesDecoding
import StapesEngine
import StapesMetrics
import StapesTesting
import Testing

/// Tokens, sums of log-probabilities and no-speech probabilities are compared bit by bit. That each product gives a row
/// the same bits whatever rows are beside it, the kernels' own tests show.
@Suite("Invariant 12: alone or in any batch, a request gets the same", .timeLimit(.minutes(2)))
struct Invariant12AloneOrInAnyBatch {
    /// One after the other, nothing kept between them.
    private func alone(_ type: Setup) async throws -> [WindowResult] {
        let engine = try await Engine(TinyModel.setup(type, cacheBytes: 0))
        var results: [WindowResult] = []
        for request in type.requests { results.append(try await engine.transcript(request)) }
        #expect(Set(results.map(\.tokens)).count >= results.count - 4, "the windows are to differ")
        return results
    }

    /// A way to set up an engine that must not show in any result.
    struct Variant: Sendable, CustomTestStringConvertible {
        var rows = 8
        var looksAhead = false
        var graphs = GraphOptions()
        var cacheBytes: Int?
        var testDescription: String {
            "\(rows) rows, \(looksAhead ? "looking ahead, " : "")graphs \(graphs), cache \(cacheBytes ?? -1)"
        }

        static let all = [
            Variant(), Variant(rows: 1), Variant(rows: 3), Variant(rows: 13), Variant(looksAhead: true),
            Variant(rows: 1, looksAhead: true), Variant(rows: 13, looksAhead: true, cacheBytes: 0),
            Variant(graphs: GraphOptions(mode: .off)), Variant(looksAhead: true, graphs: GraphOptions(mode: .off)),
            Variant(graphs: GraphOptions(decodeRows: [3])), Variant(graphs: GraphOptions(decodeRows: [8])),
            Variant(looksAhead: true, graphs: GraphOptions(decodeRows: [1, 5], pads: false)),
            Variant(rows: 5, cacheBytes: 0),
        ]

        /// Graphs on and off, looking ahead and not, padded and not.
        static let few = [
            Variant(), Variant(looksAhead: true), Variant(graphs: GraphOptions(mode: .off)),
            Variant(looksAhead: true, graphs: GraphOptions(mode: .off)),
            Variant(rows: 3, looksAhead: true, graphs: GraphOptions(decodeRows: [3])),
        ]

        static func all(_ type: Setup) -> [Variant] {
            type.isGPU ? Array(few.prefix(type == .gpu ? few.count : 2)) : all
        }
    }

    @Test(arguments: [Setup.float32, .float16, .bfloat16, .bfloat16Encoder, .int16Encoder, .int8, .gpu, .gpuBFloat16])
    func requestsSayTheSameHoweverTheyAreServed(
        type: Setup
    ) async throws {
        let alone = try await alone(type)
        for variant in Variant.all(type) {
            let metrics = MetricsRegistry()
            let engine = try await Engine(
                TinyModel.setup(
                    type, rows: variant.rows, looksAhead: variant.looksAhead, graphs: variant.graphs,
                    cacheBytes: variant.cacheBytes, metrics: metrics))
            // The second time windows and prefix pages are there, unless nothing is kept.
            for time in 1...2 {
                let found = try await engine.together(type.requests)
                for (index, (one, many)) in zip(alone, found).enumerated() {
                    #expect(one == many, "request \(index), time \(time), \(variant.testDescription), \(type)")
                }
            }
            let hits = metrics.value(.prefixLookups, ["result": "hit"])
            #expect(variant.cacheBytes == 0 || hits > (type.isGPU ? 0 : 20), "pages are reused")
            #expect((metrics.replays("decode") > 0) == (variant.graphs.mode != .off))
            #expect(await engine.holdings() == EngineHoldings())
        }
    }

    /// Row by row: what one sequence gets in a step does not depend on who else is in it, nor on where it stands.
    @Test(arguments: [Setup.float32, .crossFloat8, .bfloat16, .int8, .gpu, .gpuBFloat16, .gpuCrossFloat8])
    func rowOfAStepHasTheBitsItHasAlone(
        type: Setup
    )
        throws
    {
        let seed: UInt64 = 190
        var generator = SeededGenerator(seed: seed)
        let world = try DecodeWorld(type, rows: 12)
        let everyone = world.draw(Array(0..<12), using: &generator)
        let alone = try everyone.map { try world.step([$0]).outcomes[0] }
        for round in 0..<type.rounds(30) {
            let order = (0..<12).shuffled(using: &generator).prefix(Int.random(in: 1...12, using: &generator))
            for eagerly in [false, true] {
                let found = try world.step(order.map { everyone[$0] }, eagerly: eagerly).outcomes
                #expect(found == order.map { alone[$0] }, "rows \(Array(order)), round \(round), seed \(seed), \(type)")
            }
        }
    }

    /// Prompts alone, with others, and after pages that an earlier prefill has left.
    @Test(arguments: [Setup.float32, .bfloat16, .int8, .gpu, .gpuBFloat16]) func prefillGivesAPromptTheBitsItHasAlone(
        type: Setup
    )
        throws
    {
        let seed: UInt64 = 191
        var generator = SeededGenerator(seed: seed)
        let world = try DecodeWorld(type)
        let counts = type.isGPU ? [3, 20, 17, 1, 9, 34, 8, 2] : [3, 40, 17, 1, 90, 33, 8, 64]
        let tokens = counts.map { count in (0..<count).map { _ in Int.random(in: 0..<2001, using: &generator) } }
        func prompt(_ number: Int, reusing pages: Int = 0) -> Prompt {
            let rest = Array(tokens[number][(16 * pages)...])
            return world.prompt(
                number, tokens: rest, context: 16 * pages, encoderLength: 100 - 11 * number, start: rest.count - 1,
                samples: true)
        }
        let alone = try (0..<8).map { try world.prefill([prompt($0)]).outcomes[0] }
        for _ in 0..<type.rounds(20) / 2 {
            let order = (0..<8).shuffled(using: &generator).prefix(Int.random(in: 1...8, using: &generator))
            // A prompt's last token always runs.
            let prompts = order.map { number in
                prompt(number, reusing: Int.random(in: 0...(counts[number] - 1) / 16, using: &generator))
            }
            for eagerly in [false, true] {
                let found = try world.prefill(prompts, eagerly: eagerly).outcomes
                #expect(found == order.map { alone[$0] }, "prompts \(Array(order)), seed \(seed), \(type)")
            }
        }
    }

    @Test(arguments: Setup.bothWays)
    func languagesAreTheSameInABatch(type: Setup, looksAhead: Bool) throws {
        func languages(_ world: LoopWorld, _ id: SequenceID) -> [Float]? {
            guard case .success(let outcome) = world.answer(to: id), case .languages(let values) = outcome.answer
            else { return nil }
            return values
        }
        let alone = try (1...3).map { window in
            let world = try LoopWorld(TinyModel.setup(type))
            let id = world.submit(TinyModel.question(window: window))
            world.drain()
            return languages(world, id)
        }
        let world = try LoopWorld(TinyModel.setup(type, looksAhead: looksAhead))
        _ = world.submit(type.isGPU ? type.requests : TinyModel.mixed)
        let ids = (1...3).map { window in world.submit(TinyModel.question(window: window)) }
        world.drain()
        #expect(alone.allSatisfy { $0 != nil } && ids.map { languages(world, $0) } == alone)
    }
}
