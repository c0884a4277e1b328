import StapesDevice
import StapesTesting
import Testing

@Suite struct PagedAttentionTests {
    /// The self arena's pages of one tile, the cross arena's of a whole window, and one between.
    struct Geometry: Sendable, CustomTestStringConvertible {
        let tilesPerPage: Int
        let type: ScalarType
        var rowType: ScalarType?
        var testDescription: String { "\(tilesPerPage) tiles a page, \(type), rows of \(rowType ?? type)" }
        static let all: [Geometry] = [1, 94, 3].flatMap { tiles in
            computeTypes.map { Geometry(tilesPerPage: tiles, type: $0) }
                + [.bfloat16, .float16, .float8].map { Geometry(tilesPerPage: tiles, type: $0, rowType: .float32) }
                + [Geometry(tilesPerPage: tiles, type: .float8, rowType: .bfloat16)]
        }
    }

    /// float32 sums of up to 1500 weighted values near one, and an exp good to two units in the last place.
    static let tolerance: Float = 1e-5

    /// Sequences of one to eight tokens (and one of more than a group): a prompt's growing lengths, equal ones as in
    /// cross-attention, and the edges of tiles.
    private func world(_ geometry: Geometry, seed: UInt64, sharpness: Float) -> PagedWorld {
        var generator = SeededGenerator(seed: seed)
        var lengths: [[Int]] = [[1], [16], [17], [15, 16, 17], [1500], [700, 700, 700, 700, 700], Array(1...19)]
        lengths += (1...8).map { count in
            let start = Int.random(in: 1...400, using: &generator)
            return (0..<count).map { start + $0 }
        }
        lengths += (0..<6).map { _ in
            let count = Int.random(in: 1...8, using: &generator)
            return (0..<count).map { _ in Int.random(in: 1...300, using: &generator) }
        }
        return PagedWorld(
            tilesPerPage: geometry.tilesPerPage, heads: 2, type: geometry.type,
            rowType: geometry.rowType, lengths: lengths.shuffled(using: &generator), sharpness: sharpness,
            using: &generator)
    }

    @Test(arguments: Geometry.all) func matchesReference(_ geometry: Geometry) throws {
        // Flat weights, and weights of which a few hold everything.
        for (seed, sharpness) in [(30, 1), (31, 30)] as [(UInt64, Float)] {
            let world = world(geometry, seed: seed, sharpness: sharpness)
            let expected = world.attend(group: 8, on: try referenceStream())
            for runner in Runner.all {
                let worst = error(world.attend(group: 8, on: try runner.stream()), expected, absolute: Self.tolerance)
                #expect(worst <= 1, "\(runner), sharpness \(sharpness)")
            }
        }
    }

    @Test(arguments: Geometry.all) func staleMemoryChangesNoBit(_ geometry: Geometry) throws {
        let world = world(geometry, seed: 32, sharpness: 2)
        for runner in Runner.levels {
            let stream = try runner.stream()
            world.poison(0)
            let clean = world.attend(group: 8, on: stream).bytes
            for poison in [Float.nan, 1e30, -1e30, .infinity] {
                world.poison(poison)
                #expect(world.attend(group: 8, on: stream).bytes == clean, "\(runner), \(poison)")
            }
        }
    }

    @Test(arguments: Geometry.all) func tokenHasTheSameBitsInAnyGroup(_ geometry: Geometry) throws {
        let world = world(geometry, seed: 33, sharpness: 2)
        let rowLength = 2 * 64
        for level in CPULevel.available {
            let together = world.attend(group: 8, on: try Runner(level: level, threads: 1).stream())
            for threads in [1, 2, 4] {
                let stream = try Runner(level: level, threads: threads).stream()
                for group in threads == 1 ? [1, 2, 3, 4, 5, 6, 7] : [1, 3] {
                    #expect(
                        world.attend(group: group, on: stream).bytes == together.bytes,
                        "\(level), \(threads) threads, groups of \(group)")
                }
                // Alone in the call, which also bounds the scratch memory otherwise.
                for token in stride(from: 0, to: world.tokens.count, by: 9) {
                    let alone = world.attend(group: 1, only: token..<token + 1, on: stream)
                    let cells = token * rowLength..<(token + 1) * rowLength
                    #expect(alone.bytes(cells) == together.bytes(cells), "\(level), token \(token)")
                }
            }
        }
    }

    @Test func callWithoutTokensWritesNothing() throws {
        let world = world(Geometry(tilesPerPage: 1, type: .float32), seed: 34, sharpness: 1)
        for runner in Runner.levels {
            let output = world.attend(group: 8, only: 0..<0, on: try runner.stream())
            #expect((0..<output.count).allSatisfy { output[$0] == 9 })
        }
    }

    /// What was stored is what attention finds: with one position its value comes back bit for bit.
    @Test(arguments: Geometry.all) func storeMatchesReferenceAndTouchesItsSlotsOnly(_ geometry: Geometry) throws {
        var generator = SeededGenerator(seed: 35)
        for runner in Runner.all {
            let seed = generator.next()
            func world() -> PagedWorld {
                var generator = SeededGenerator(seed: seed)
                return PagedWorld(
                    tilesPerPage: geometry.tilesPerPage, heads: 2, type: geometry.type, rowType: geometry.rowType,
                    lengths: [[40], [7]], using: &generator)
            }
            let (one, two) = (world(), world())
            for rows in [1, 2, 5, 48] {
                let stride = 2 * 64 + 3
                let key = Cells(random: rows * stride, type: one.rowType, using: &generator)
                let value = Cells(random: rows * stride, type: one.rowType, using: &generator)
                let slots = (0..<Int32(one.slotCount)).shuffled(using: &generator).prefix(rows)
                one.store(key, value, slots: Array(slots), stride: stride, on: try runner.stream())
                two.store(key, value, slots: Array(slots), stride: stride, on: try referenceStream())
            }
            #expect(one.arenaBytes == two.arenaBytes, "\(runner)")
        }
    }
}
