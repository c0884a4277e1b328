import StapesDecoding
import StapesEngine
import StapesMetrics
import StapesTesting
import Testing

/// A step that is launched before the last one's tokens were looked at says what it would have said anyway.
@Suite struct LookAheadTests {
    /// Some of all kinds, and twelve that end where nobody can foresee it.
    private static let requests =
        TinyModel.mixed + TinyModel.sampled + (0..<12).map { TinyModel.ending(window: $0 % 4, seed: UInt64($0)) }

    private func run(
        looksAhead: Bool, rows: Int, graphs: GraphOptions = GraphOptions()
    ) throws -> (results: [WindowResult?], world: LoopWorld) {
        let world = try LoopWorld(TinyModel.setup(rows: rows, looksAhead: looksAhead, graphs: graphs))
        let ids = world.submit(Self.requests)
        world.drain()
        return (ids.map { world.transcript(of: $0) }, world)
    }

    @Test(arguments: [1, 3, 8, 25]) func lookingAheadChangesNoResult(rows: Int) throws {
        let (expected, plain) = try run(looksAhead: false, rows: rows)
        let (found, ahead) = try run(looksAhead: true, rows: rows)
        #expect(expected.allSatisfy { $0 != nil })
        for (index, (one, other)) in zip(expected, found).enumerated() { #expect(one == other, "request \(index)") }
        let (eager, _) = try run(looksAhead: true, rows: rows, graphs: GraphOptions(mode: .off))
        #expect(eager == expected)
        #expect(plain.metrics.value(.lateRows) == 0)
        let early = found.compactMap { $0 }.suffix(12).count { $0.tokens.count < 60 }
        #expect(early > 6, "texts are to end by themselves")
        // A text that ends at its first token never joins, and an end at the last step is foreseen; each of the others
        // has one row too many.
        let joined = found.compactMap { $0 }.suffix(12).count { (1..<59).contains($0.tokens.count) }
        #expect(ahead.metrics.value(.lateRows) == joined)
        #expect(ahead.loop.holdings == EngineHoldings())
    }

    /// With the last token that a limit allows the row leaves: no row is late that the host could have foreseen.
    @Test func limitIsForeseen() throws {
        let world = try LoopWorld(TinyModel.setup(looksAhead: true))
        for steps in [1, 2, 3, 17] {
            let id = world.submit(TinyModel.request(window: 1, steps: steps, endless: true))
            world.drain()
            #expect(world.transcript(of: id)?.tokens.count == steps)
        }
        #expect(world.metrics.value(.lateRows) == 0)
        #expect(world.metrics.replays("decode") == 0 + 1 + 2 + 16)
    }

    /// What is computed late for a sequence that ended goes to pages and a seat that another may have by then.
    @Test func lateRowsSpoilNoSuccessor() throws {
        let requests = (0..<40).map { TinyModel.ending(window: $0 % 3, seed: UInt64(100 + $0), steps: 30) }
        let world = try LoopWorld(TinyModel.setup(rows: 2, looksAhead: true, cacheBytes: 0))
        let ids = world.submit(requests)
        world.drain()
        #expect(world.metrics.value(.lateRows) > 10)
        let plain = try LoopWorld(TinyModel.setup(rows: 8, looksAhead: false))
        for (id, request) in zip(ids, requests) {
            let alone = plain.submit(request)
            plain.drain()
            #expect(world.transcript(of: id) == plain.transcript(of: alone))
        }
    }

    @Test func descriptionSaysWhetherItLooksAhead() async throws {
        for looksAhead in [false, true] {
            let engine = try await Engine(TinyModel.setup(looksAhead: looksAhead))
            #expect(engine.description.looksAhead == looksAhead && engine.description.isDeterministic)
        }
    }
}
