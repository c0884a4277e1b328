import StapesDevice
import StapesEngine
import StapesTesting
import Testing

/// Logits, tokens, log-probabilities and what seats remember are compared bit by bit, at temperature 0 and above.
@Suite("Invariant 1: replay equals eager") struct Invariant01ReplayEqualsEager {
    private static let rows = 12
    /// Kinds with every bucket of theirs.
    private static let buckets =
        [Setup.float32, .crossFloat8, .bfloat16, .int8, .gpu, .gpuCrossFloat8].flatMap { type in
            GraphBuckets.decodeRows(maximum: type.isGPU ? 4 : rows).map { (type, $0) }
        } + [(.gpuBFloat16, 2)]
    /// With three pages before it, it still fits a sequence.
    private static let longestPrompt = 400

    /// A world for each bucket, so that each serves every batch up to its own size.
    @Test(arguments: buckets)
    func everyDecodeBucketGivesEveryLiveBatchItsEagerBits(type: Setup, bucket: Int) throws {
        let world = try DecodeWorld(type, rows: Self.rows, decodeRows: [bucket])
        // Steps that are padded by hand would leave padding in the slots.
        let twin = try DecodeWorld(type, rows: Self.rows, decodeRows: [bucket])
        let seed = UInt64(100 + bucket)
        var generator = SeededGenerator(seed: seed)
        // The largest first: its rows stand in the slots of those that follow.
        for live in (1...bucket).reversed() {
            for round in 0..<type.rounds(2) {
                let numbers = Array((0..<Self.rows).shuffled(using: &generator).prefix(live))
                let batch = world.draw(numbers, using: &generator)
                let eager = try world.step(batch, eagerly: true)
                let padding = Array(repeating: DecodeWorld.padding, count: bucket - live)
                let padded = try twin.step(batch + padding, eagerly: true)
                let replayed = try world.step(batch)
                let name: Comment = "\(live) rows in a graph of \(bucket), \(type), round \(round), seed \(seed)"
                #expect(eager.route == .eager(.asked) && padded.route == .eager(.asked), name)
                #expect(replayed.route == .graph(.decode(rows: bucket)), name)
                #expect(replayed.outcomes == eager.outcomes, name)
                #expect(Array(padded.outcomes.prefix(live)) == eager.outcomes, name)
            }
        }
    }

    @Test(arguments: [Setup.float32, .gpu]) func smallestGraphThatHasRoomServesABatch(type: Setup) throws {
        let world = try DecodeWorld(type, rows: Self.rows)
        #expect(world.runner.decode.graphs.sizes.map(\.rows) == [12, 8, 4, 2, 1])
        var generator = SeededGenerator(seed: 102)
        for (live, size) in [(1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (8, 8), (9, 12), (12, 12)] {
            let batch = world.draw(Array(0..<live), using: &generator)
            #expect(try world.step(batch).route == .graph(.decode(rows: size)))
        }
    }

    /// The steps of a sequence that goes on from its own choices, which no host touches in between.
    @Test(arguments: [Setup.float32, .bfloat16, .int8, .gpu])
    func sequencesThatFeedThemselvesGoTheSameWay(type: Setup) throws {
        let worlds = try (0..<2).map { _ in try DecodeWorld(type, rows: 5) }
        let steps = type.rounds(100)
        var batches: [[Int]] = [[], []]
        for (index, world) in worlds.enumerated() {
            var generator = SeededGenerator(seed: 103)
            let live = world.draw(Array(0..<5), using: &generator)
            world.sit(live)
            var batch = DecodeBatch(
                rows: (0..<5).map { world.row($0, tokens: 1, context: 20, encoderLength: 60) },
                seats: live.map(\.seat), epoch: 1)
            for step in 0..<steps {
                for row in 0..<5 { batch.attention.rows[row].context = 20 + step }
                let launched = try world.runner.decode.run(batch, eagerly: index == 0)
                for row in 0..<5 {
                    let choice = world.runner.decode.choice(row: row, of: launched)
                    batches[index] += [choice.token, Int(choice.logProbability.bitPattern)]
                }
            }
        }
        #expect(batches[0] == batches[1])
        #expect(Set(batches[0]).count > steps / 2, "the sequences are to say something")
    }

    /// Every prefill bucket is reached: with as many tokens and rows as only this one, the smallest with room, has.
    @Test(
        arguments: [Setup.float32, .bfloat16, .int8].flatMap { [($0, false), ($0, true)] } + [(Setup.gpu, true)])
    func everyPrefillBucketGivesTheEagerBits(type: Setup, reusesContext: Bool) throws {
        let world = try DecodeWorld(type, rows: type.isGPU ? 4 : 8, prefillTokens: type.isGPU ? 32 : nil)
        let seed: UInt64 = reusesContext ? 105 : 104
        var generator = SeededGenerator(seed: seed)
        let sizes = world.runner.prefill.graphs.sizes
        #expect(sizes.count > (type.isGPU ? 10 : 20))
        for size in sizes {
            let fewerTokens = sizes.map(\.tokens).filter { $0 < size.tokens }.max() ?? 0
            let fewerRows = sizes.map(\.rows).filter { $0 < size.rows }.max() ?? 0
            let rows = Int.random(in: fewerRows + 1...size.rows, using: &generator)
            let tokens = Int.random(
                in: max(fewerTokens + 1, rows)...min(size.tokens, rows * Self.longestPrompt), using: &generator)
            let prompts = draw(world, rows: rows, tokens: tokens, reusesContext: reusesContext, using: &generator)
            scribble(prompts, in: world)
            let eager = try world.prefill(prompts, eagerly: true)
            let written = Self.pages(of: prompts, in: world)
            scribble(prompts, in: world)
            let replayed = try world.prefill(prompts)
            let name: Comment = "\(tokens) tokens of \(rows) rows in a graph of \(size), \(type), seed \(seed)"
            #expect(replayed.route == .graph(size), name)
            #expect(replayed.outcomes == eager.outcomes, name)
            #expect(Self.pages(of: prompts, in: world) == written, name)
        }
    }

    /// Prompts of `tokens` tokens together, none of them longer than a sequence may be.
    private func draw(
        _ world: DecodeWorld, rows: Int, tokens: Int, reusesContext: Bool, using generator: inout SeededGenerator
    ) -> [Prompt] {
        var counts = Array(repeating: 1, count: rows)
        for _ in 0..<tokens - rows {
            let row = Int.random(in: 0..<rows, using: &generator)
            counts[counts[row] < Self.longestPrompt ? row : (row + 1) % rows] += 1
        }
        let numbers = (0..<world.rows).shuffled(using: &generator)
        return counts.enumerated().map { index, count in
            let context = reusesContext ? 16 * Int.random(in: 0...3, using: &generator) : 0
            return world.prompt(
                numbers[index], tokens: (0..<count).map { _ in Int.random(in: 0..<2001, using: &generator) },
                context: context, encoderLength: Int.random(in: 1...100, using: &generator),
                start: Int.random(in: 0..<count, using: &generator),
                samples: Int.random(in: 0..<4, using: &generator) > 0
            )
        }
    }

    private static func pages(of prompts: [Prompt], in world: DecodeWorld) -> [UInt64] {
        prompts.flatMap { $0.row.pages.map { world.runner.pool.selfArena.checksum(page: Int($0)) } }
    }

    private static let encoders =
        [Setup.float32, .float16, .bfloat16, .bfloat16Encoder, .int16Encoder, .int8].flatMap {
            [($0, false), ($0, true)]
        } + [(.gpu, false), (.gpuBFloat16, false)]

    @Test(arguments: encoders) func encodedBlockHasTheEagerBytes(type: Setup, oneDNN: Bool) throws {
        let world = try DecodeWorld(type, oneDNN: oneDNN)
        let arena = world.runner.pool.crossArena
        let length = TinyModel.configuration.audioContext
        for round in 1...type.rounds(3) {
            // What a block held before shows in its last tile, past the window's end: the same in both.
            arena.write(arena.read(page: 1), page: 2)
            let before = (0..<9).map { arena.checksum(page: $0) }
            let features = TinyModel.features(200 + round, positions: length)
            #expect(
                try world.encode(features, positions: length, block: 1, eagerly: true) == .eager(.asked))
            let route = try world.encode(features, positions: length, block: 2)
            #expect(route == .graph(StepSize(tokens: length, rows: 1, groups: 1)))
            let after = (0..<9).map { arena.checksum(page: $0) }
            #expect(after[1] == after[2] && after[1] != before[1], "window \(round)")
            #expect(after[0] == before[0] && after[3...] == before[3...], "no other block is written")
            // A shorter window between two full ones runs eagerly and leaves nothing behind.
            let short = try world.encode(features, positions: 37, block: 3)
            #expect(short == .eager(.noGraphHasRoom))
            arena.fill(seed: UInt64(round))
        }
    }
}

/// Other keys and values where prompts will write theirs.
private func scribble(_ prompts: [Prompt], in world: DecodeWorld) {
    for row in prompts.map(\.row) {
        let tile = KVLayout.tilePositions
        for position in row.context..<row.context + row.tokens where position % tile == 0 {
            world.poison(world.runner.pool.selfArena, page: Int(row.pages[position / tile]))
        }
    }
}
