import CKernels
import Glibc
import StapesDevice
import StapesTesting
import Testing

/// What searches and word times need of the device, against plain loops.
@Suite struct SearchKernelTests {
    private static let vocabulary = 1003

    private static func logits(using generator: inout SeededGenerator) -> [Float] {
        // Steps of a quarter, so that some are equal.
        (0..<vocabulary).map { _ in (20 * generator.nextSignedUnit()).rounded() / 4 }
    }

    private static func logSum(_ values: [Float]) -> Double {
        let peak = Double(values.max() ?? 0)
        return peak + log(values.reduce(0) { $0 + exp(Double($1) - peak) })
    }

    @Test(arguments: Runner.all) func candidatesAreTheLikeliestIDsTheLowestFirst(_ runner: Runner) throws {
        let stream = try runner.stream()
        var generator = SeededGenerator(seed: 300)
        for count in [1, 2, 6, 16] {
            let seats = SamplingSeats(count: 4, vocabulary: Self.vocabulary, timestampBegin: 700)
            var rules = stapes_sampling_rules()
            rules.candidates = Int32(count)
            for seat in 1..<4 { seats.sit(at: seat, rules) }
            var rows = (0..<3).map { _ in Self.logits(using: &generator) }
            rows[2] = rows[2].enumerated().map { $0 < 3 ? $1 : -.infinity }
            let candidates = SamplingSeats.Candidates(rows: 3)
            let cells = Cells(rows.flatMap { $0 })
            let (tokens, chosen, numbers) = (Integers([0, 0, 0]), Cells(3), Integers([1, 2, 3]))
            seats.launch(
                at: numbers, cells, stride: Self.vocabulary, tokens: tokens, logProbabilities: chosen,
                candidates: candidates, on: stream)
            for (row, values) in rows.enumerated() {
                let order = values.indices.filter { values[$0].isFinite }
                    .sorted { (values[$0], $1) > (values[$1], $0) }.prefix(count)
                let found = candidates.row(row, count: count)
                #expect(found.map(\.token) == Array(order) + Array(repeating: -1, count: count - order.count))
                for choice in found where choice.token >= 0 {
                    let expected = Double(values[choice.token]) - Self.logSum(values.filter(\.isFinite))
                    #expect(abs(Double(choice.logProbability) - expected) < 1e-4)
                }
                #expect(seats[row + 1].fields == [0, 0, 0, 0], "the host decides")
            }
            withExtendedLifetime((cells, numbers)) {}
        }
    }

    @Test(arguments: Runner.all) func repeatedIDsArePenalisedOnceAndRepeatedRunsForbidden(_ runner: Runner) throws {
        let stream = try runner.stream()
        let sampled = [5, 9, 7, 5, 9]
        var logits = [Float](repeating: -4, count: Self.vocabulary)
        (logits[5], logits[9], logits[7], logits[11]) = (6, -2, 5, 4)
        func left(_ penalty: Float, _ run: Int32) -> [Float] {
            let seats = SamplingSeats(count: 2, vocabulary: Self.vocabulary, timestampBegin: 700)
            var rules = stapes_sampling_rules()
            (rules.repetition_penalty, rules.unrepeated_run) = (penalty, run)
            var state = stapes_sampling_state()
            (state.token, state.count) = (9, Int32(sampled.count))
            seats.sit(at: 1, rules, state: state, history: sampled)
            return seats.choose(at: [1], [logits], on: stream).logits[0]
        }
        let penalised = left(2, 0)
        #expect(penalised[5] == 3 && penalised[9] == -4 && penalised[7] == 2.5 && penalised[11] == 4)
        // 5 9 was followed by 7: the run of three may not come again. 9 alone was followed by 7 as well.
        #expect(left(1, 3).indices.filter { left(1, 3)[$0] == -.infinity } == [7])
        #expect(left(1, 2).indices.filter { left(1, 2)[$0] == -.infinity } == [7])
        #expect(left(1, 1).indices.filter { left(1, 1)[$0] == -.infinity } == [5, 7, 9])
        #expect(left(1, 6) == logits && left(0, 0) == logits)
    }

    @Test(arguments: Runner.all) func pagesAreCopiedWhole(_ runner: Runner) throws {
        let stream = try runner.stream()
        let (pages, bytes) = (7, 4096)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: pages * bytes, alignment: 64)
        defer { memory.deallocate() }
        for page in 0..<pages { memset(memory + page * bytes, Int32(page + 1), bytes) }
        let (from, to) = (Integers([1, 1, 4]), Integers([2, 6, 5]))
        stream.launch(
            stream.kernels.copyPages,
            stapes_copy_pages_arguments(
                pages: memory, from: from.pointer, to: to.pointer, count: 3, page_bytes: Int64(bytes)))
        let found = (0..<pages).map { page in
            Set((0..<bytes).map { memory.load(fromByteOffset: page * bytes + $0, as: UInt8.self) })
        }
        #expect(found == [[1], [2], [2], [4], [5], [5], [2]])
    }

    @Test(arguments: Runner.all) func probabilityIsTheSoftmaxBelowTheLimit(_ runner: Runner) throws {
        let stream = try runner.stream()
        var generator = SeededGenerator(seed: 301)
        let rows = (0..<5).map { _ in Self.logits(using: &generator) }
        let (cells, found) = (Cells(rows.flatMap { $0 }), Cells(5))
        let tokens = Integers([0, 17, 699, 700, 1002])
        stream.launch(
            stream.kernels.tokenProbability,
            stapes_token_probability_arguments(
                logits: cells.floats, tokens: tokens.pointer, probabilities: found.floats, rows: 5,
                logits_stride: Int64(Self.vocabulary), limit: 700))
        for (row, values) in rows.enumerated() {
            let token = Int(tokens.pointer[row])
            let expected = token < 700 ? exp(Double(values[token]) - Self.logSum(Array(values[..<700]))) : 0
            #expect(abs(Double(found[row]) - expected) < 1e-5)
        }
        withExtendedLifetime(cells) {}
    }

    /// The device's levels against the plain kernels, over tiles that end inside.
    @Test(arguments: cachedTypes, computeTypes)
    func scoresAgreeWithThePlainKernel(_ type: ScalarType, queryType: ScalarType) throws {
        var generator = SeededGenerator(seed: 302)
        let (heads, tokens, positions, tiles) = (3, 5, 37, 3)
        let width = heads * 64
        let query = Cells(random: tokens * width, type: queryType, using: &generator)
        let keys = Cells(random: 2 * heads * tiles * 16 * 64, type: type, using: &generator)
        let numbers = Integers([2, 0])
        func scores(on stream: StapesDevice.Stream) -> [Float] {
            let found = Cells(2 * tokens * positions)
            stream.launch(
                stream.kernels.crossScores,
                stapes_cross_scores_arguments(
                    cache: stapes_kv_layer(
                        keys: keys.pointer, values: keys.pointer, page_stride: Int64(heads * tiles * 16 * 64),
                        head_stride: Int64(tiles * 16 * 64), tiles_per_page: Int64(tiles), heads: Int64(heads),
                        type: type.kernelType), query: query.pointer, heads: numbers.pointer, scores: found.floats,
                    count: 2, tokens: Int64(tokens), positions: Int64(positions), query_stride: Int64(width), page: 1,
                    scale: 0.125, type: queryType.kernelType))
            return (0..<2 * tokens * positions).map { found[$0] }
        }
        let expected = scores(on: try referenceStream())
        #expect(Set(expected).count > 300, "the scores differ")
        for runner in Runner.levels {
            for (one, other) in zip(scores(on: try runner.stream()), expected) {
                #expect(abs(one - other) < 1e-4, "\(runner)")
            }
        }
    }
}

/// Logits computed again from the table itself.
@Suite struct RefineTests {
    private static let (vocabulary, width) = (700, 70)
    private static let groups = (text: 500, special: 520, stamps: 700)

    private func refine(
        _ logits: Cells, input: Cells, table: UnsafeRawPointer, _ type: ScalarType, on stream: StapesDevice.Stream
    )
        -> Cells
    {
        let found = logits.copy()
        let rows = input.count / Self.width
        stream.refine(
            MatrixView(found.pointer, type: .float32, rows: rows, columns: Self.vocabulary),
            input: MatrixView(input.pointer, type: .float32, rows: rows, columns: Self.width), table: table,
            tableType: type, groups: Self.groups)
        return found
    }

    /// Rough logits: those near the top of each range become exact, in every type of table at any address, and no other
    /// changes. A row alone has the bits it has among others.
    @Test(arguments: Runner.all, storedTypes) func likeliestBecomeExact(_ runner: Runner, _ type: ScalarType) throws {
        var generator = SeededGenerator(seed: 310)
        let stream = try runner.stream()
        let (rows, vocabulary, width) = (5, Self.vocabulary, Self.width)
        let table = Cells(random: vocabulary * width, type: type, scale: 3, using: &generator)
        let unaligned = UnsafeMutableRawPointer.allocate(byteCount: table.bytes.count + 1, alignment: 64)
        defer { unaligned.deallocate() }
        (unaligned + 1).copyMemory(from: table.pointer, byteCount: table.bytes.count)
        let input = Cells(random: rows * width, using: &generator)
        let rough = Cells(rows * vocabulary)
        for row in 0..<rows {
            for id in 0..<vocabulary {
                let exact = (0..<width).reduce(0.0) {
                    $0 + Double(input[row * width + $1]) * Double(table[id * width + $1])
                }
                rough[row * vocabulary + id] = Float(exact) + 0.01 * generator.nextSignedUnit()
            }
        }
        // A range without any, one with a single one, and what is not a number, which is nobody's best.
        rough.fill(3 * vocabulary + 500..<3 * vocabulary + 520, -.infinity)
        rough.fill(4 * vocabulary + 500..<4 * vocabulary + 519, -.infinity)
        rough[17] = .nan
        let found = refine(rough, input: input, table: unaligned + 1, type, on: stream)
        let expected = refine(rough, input: input, table: table.pointer, type, on: try referenceStream())
        #expect(error(found, expected, absolute: 2e-5) <= 1)
        for row in 0..<rows {
            let changed = (0..<vocabulary).filter {
                found[row * vocabulary + $0].bitPattern != rough[row * vocabulary + $0].bitPattern
            }
            let text = changed.filter { $0 < 500 }
            #expect(!text.isEmpty && text.count <= 32 && changed.count <= 96, "\(changed.count)")
            let alone = Cells((0..<vocabulary).map { rough[row * vocabulary + $0] })
            let one = Cells((0..<width).map { input[row * width + $0] })
            let bytes = row * vocabulary * 4..<(row + 1) * vocabulary * 4
            #expect(
                refine(alone, input: one, table: table.pointer, type, on: stream).bytes == Array(found.bytes[bytes]))
        }
    }
}
