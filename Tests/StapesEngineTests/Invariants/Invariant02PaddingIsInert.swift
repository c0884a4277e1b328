import StapesDevice
import StapesEngine
import StapesTesting
import Testing

/// A clean world and a spoilt one run the same live rows: nothing but the live rows' own positions may be read.
@Suite("Invariant 2: padding never touches live rows") struct Invariant02PaddingIsInert {
    /// Leaves of both arenas only what live rows may read; all else becomes NaN and huge.
    private func spoil(_ world: DecodeWorld, but live: [AttentionRow]) {
        world.poisonReserved()
        let (own, cross) = (world.runner.pool.selfArena, world.runner.pool.crossArena)
        var kept: [ObjectIdentifier: [Int: Int]] = [:]
        for row in live {
            for (index, page) in row.pages.enumerated() {
                let first = index * KVLayout.tilePositions
                kept[ObjectIdentifier(own), default: [:]][Int(page)] = min(
                    max(0, row.context - first), KVLayout.tilePositions)
            }
            kept[ObjectIdentifier(cross), default: [:]][Int(row.block)] = row.encoderLength
        }
        for arena in [own, cross] {
            for page in 1..<arena.pageCount {
                world.poison(arena, page: page, from: kept[ObjectIdentifier(arena)]?[page] ?? 0)
            }
        }
    }

    @Test(arguments: [Setup.float32, .crossFloat8, .bfloat16, .int8, .gpu, .gpuBFloat16, .gpuCrossFloat8])
    func spoiltSurroundingsNeverReachLiveRowsOfADecodeStep(type: Setup) throws {
        let seed: UInt64 = 120
        var generator = SeededGenerator(seed: seed)
        for live in type == .gpuBFloat16 ? [3] : type.isGPU ? [3] : [1, 3, 5, 6, 7, 8] {
            let clean = try DecodeWorld(type)
            let spoilt = try DecodeWorld(type)
            let everyone = spoilt.draw(Array(0..<8), using: &generator)
            let batch = clean.draw(Array((0..<8).shuffled(using: &generator).prefix(live)), using: &generator)
            spoil(spoilt, but: batch.map(\.row))
            // A batch that is NaN wherever it is not live leaves that in every activation of the step.
            let others = everyone.filter { other in !batch.contains { $0.seat == other.seat } }
            if !others.isEmpty {
                let outcomes = try spoilt.step(others).outcomes
                #expect(outcomes.allSatisfy { $0.token == -1 }, "the others are to be spoilt")
            }
            spoilt.staleTails(
                of: spoilt.runner.decode, first: batch[0].row, seat: batch[0].seat, live: .decode(rows: live))
            let expected = try clean.step(batch)
            let found = try spoilt.step(batch)
            let name: Comment = "\(live) live rows, \(type), seed \(seed)"
            #expect(found.outcomes == expected.outcomes, name)
            #expect(found.route == expected.route, name)
            // And once more, over what the padded rows have written.
            #expect(try spoilt.step(batch).outcomes == expected.outcomes, name)
        }
    }

    @Test(arguments: [Setup.float32, .gpu]) func rowThatIsNotANumberSpoilsNoOther(type: Setup) throws {
        let world = try DecodeWorld(type)
        var generator = SeededGenerator(seed: 121)
        let batch = world.draw(Array(0..<6), using: &generator)
        let expected = try world.step(batch).outcomes
        world.poison(world.runner.pool.crossArena, page: Int(batch[2].row.block))
        let found = try world.step(batch).outcomes
        #expect(found[2].token == -1)
        for row in [0, 1, 3, 4, 5] { #expect(found[row] == expected[row], "row \(row)") }
    }

    @Test(arguments: [Setup.float32, .bfloat16, .int8, .gpu])
    func spoiltSurroundingsNeverReachLiveRowsOfAPrefill(type: Setup) throws {
        let seed: UInt64 = 122
        var generator = SeededGenerator(seed: seed)
        for (rows, tokens) in type.isGPU ? [(3, 7)] : [(1, 1), (1, 5), (2, 9), (3, 7), (5, 11), (7, 30)] {
            let clean = try DecodeWorld(type)
            let spoilt = try DecodeWorld(type)
            let prompts = (0..<rows).map { number in
                clean.prompt(
                    number, tokens: (0..<tokens).map { _ in Int.random(in: 0..<2001, using: &generator) },
                    context: 16 * Int.random(in: 0...2, using: &generator),
                    encoderLength: Int.random(in: 1...100, using: &generator), start: 0, samples: true)
            }
            spoil(spoilt, but: prompts.map(\.row))
            let size = StepSize(tokens: rows * tokens, rows: rows, groups: rows * ((tokens + 7) / 8))
            spoilt.staleTails(of: spoilt.runner.prefill, first: prompts[0].row, seat: prompts[0].seat, live: size)
            let expected = try clean.prefill(prompts)
            let found = try spoilt.prefill(prompts)
            #expect(found.outcomes == expected.outcomes, "\(rows) prompts of \(tokens), \(type), seed \(seed)")
            #expect(found.route == expected.route)
        }
    }
}
