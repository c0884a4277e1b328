import CKernels
import Glibc
import StapesDevice
import StapesTesting
import Testing

/// Tokens that are drawn.
@Suite struct SamplingTests {
    private static func rules(temperature: Float, seed: UInt64) -> stapes_sampling_rules {
        var rules = stapes_sampling_rules()
        rules.temperature = temperature
        rules.seed = seed
        return rules
    }

    /// Ids with any weight of a vocabulary of 200: neighbours in one chunk of the sums, in two, and far apart.
    private static let likely: [(id: Int, logit: Float)] = [
        (0, 0.5), (1, -0.5), (3, 0), (4, 1), (63, -1), (64, 0.25), (130, 0.75), (131, -0.25), (198, 0), (199, 0.4),
    ]
    private static let logits: [Float] = {
        var logits = [Float](repeating: -.infinity, count: 200)
        for (id, logit) in likely { logits[id] = logit }
        return logits
    }()

    /// How far counts are from what a temperature makes likely: chi-square with nine degrees of freedom.
    private func chiSquare(_ counts: [Int: Int], temperature: Float) -> Double {
        let weights = Self.likely.map { exp(Double($0.logit / temperature)) }
        let (whole, total) = (weights.reduce(0, +), Double(counts.values.reduce(0, +)))
        return zip(Self.likely, weights).reduce(0) { sum, entry in
            let expected = entry.1 / whole * total
            let difference = Double(counts[entry.0.id] ?? 0) - expected
            return sum + difference * difference / expected
        }
    }

    /// 250 seats for 60 steps: every seed gives a sequence of its own, and every step a number of its own.
    @Test(arguments: Runner.levels, [0.5, 1, 2] as [Float])
    func tokensAreDrawnAsOftenAsTheyAreLikely(_ runner: Runner, _ temperature: Float) throws {
        for stream in [try runner.stream(), try referenceStream()] {
            let seats = SamplingSeats(count: 251, vocabulary: 200, timestampBegin: 190)
            for seat in 1...250 { seats.sit(at: seat, Self.rules(temperature: temperature, seed: UInt64(seat))) }
            let logits = [[Float]](repeating: Self.logits, count: 250)
            var (first, all): ([Int: Int], [Int: Int]) = ([:], [:])
            var sumOfFirsts = [[Int: Int]](repeating: [:], count: 250)
            for step in 0..<60 {
                for (row, choice) in seats.choose(at: Array(1...250), logits, on: stream).choices.enumerated() {
                    all[choice.token, default: 0] += 1
                    sumOfFirsts[row][choice.token, default: 0] += 1
                    if step == 0 { first[choice.token, default: 0] += 1 }
                }
            }
            // One in 200 000 has more than 40 at random.
            #expect(chiSquare(all, temperature: temperature) < 40)
            #expect(chiSquare(first, temperature: temperature) < 40)
            #expect(sumOfFirsts.allSatisfy { chiSquare($0, temperature: temperature) < 60 })
            #expect(Set(all.keys).isSubset(of: Self.likely.map(\.id)), "an id without any weight was drawn")
        }
    }

    @Test(arguments: Runner.levels) func logProbabilityIsThatOfTheTokenAtTemperatureOne(_ runner: Runner) throws {
        let whole = log(Self.likely.reduce(0) { $0 + exp(Double($1.logit)) })
        for stream in [try runner.stream(), try referenceStream()] {
            let seats = SamplingSeats(count: 41, vocabulary: 200, timestampBegin: 190)
            for seat in 1...40 { seats.sit(at: seat, Self.rules(temperature: Float(seat) / 10, seed: UInt64(seat))) }
            let choices = seats.choose(
                at: Array(1...40), [[Float]](repeating: Self.logits, count: 40), on: stream
            ).choices
            for choice in choices {
                #expect(abs(Double(choice.logProbability) - (Double(Self.logits[choice.token]) - whole)) < 1e-5)
            }
            #expect(Set(choices.map(\.token)).count > 3)
        }
    }

    @Test(arguments: Runner.levels) func lowTemperatureIsGreedy(_ runner: Runner) throws {
        var generator = SeededGenerator(seed: 54)
        for stream in [try runner.stream(), try referenceStream()] {
            for temperature in [0.01, 1e-3, 1e-10, 1e-30] as [Float] {
                let seats = SamplingSeats(count: 33, vocabulary: 1003, timestampBegin: 700)
                for seat in 1...32 { seats.sit(at: seat, Self.rules(temperature: temperature, seed: UInt64(seat))) }
                let logits = (1...32).map { _ in
                    var row = (0..<1003).map { _ in 10 * generator.nextSignedUnit() }
                    row[Int.random(in: 0..<1003, using: &generator)] = 10.5
                    return row
                }
                let choices = seats.choose(at: Array(1...32), logits, on: stream).choices
                for row in 0..<32 { #expect(logits[row][max(0, choices[row].token)] == 10.5, "\(temperature)") }
            }
        }
    }

    /// Equal logits: the id is the random number in units of the vocabulary, to the last bit.
    @Test(arguments: Runner.levels) func numbersAreThoseOfThePublishedGenerator(_ runner: Runner) throws {
        var generator = SeededGenerator(seed: 55)
        let (rows, vocabulary) = (16, 1 << 16)
        let logits = [[Float]](repeating: [Float](repeating: 0, count: vocabulary), count: rows)
        for stream in [try runner.stream(), try referenceStream()] {
            let seats = SamplingSeats(count: rows + 1, vocabulary: vocabulary, timestampBegin: vocabulary - 10)
            var expected: [Int] = []
            for seat in 1...rows {
                let seed = seat < 4 ? UInt64(seat - 1) : generator.next()
                let step = seat < 8 ? Int32(seat) : Int32.random(in: 0..<Int32.max, using: &generator)
                seats.sit(at: seat, Self.rules(temperature: 1, seed: seed))
                seats[seat].count = step
                expected.append(Int(Philox.uniform(seed: seed, step: UInt32(step)) * Double(vocabulary)))
            }
            #expect(seats.choose(at: Array(1...rows), logits, on: stream).choices.map(\.token) == expected)
            for seat in 1...rows { #expect(seats[seat].token == Int32(expected[seat - 1])) }
        }
    }
}

@Suite struct PhiloxTests {
    /// The known answers that the authors publish for philox4x32-10 (Random123, kat_vectors).
    private static let answers: [(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, words: SIMD4<UInt32>)] = [
        (.zero, .zero, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
        (
            SIMD4(repeating: .max), SIMD2(repeating: .max), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        ),
        (
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        ),
    ]

    @Test(arguments: answers)
    func wordsAreThePublishedOnes(_ answer: (counter: SIMD4<UInt32>, key: SIMD2<UInt32>, words: SIMD4<UInt32>)) {
        #expect(Philox.words(counter: answer.counter, key: answer.key) == answer.words)
    }

    @Test func numberIsMadeOfTheFirst53Bits() {
        let bits = UInt64(0x6627_e8d5) << 21 | UInt64(0xe169_c58d) >> 11
        #expect(Philox.uniform(seed: 0, step: 0) == Double(bits) / 0x1p53)
        // The halves of the seed are the key, the lower one first.
        let words = Philox.words(counter: [7, 0, 0, 0], key: [0x89ab_cdef, 0x0123_4567])
        #expect(
            Philox.uniform(seed: 0x0123_4567_89ab_cdef, step: 7)
                == Double(UInt64(words[0]) << 21 | UInt64(words[1] >> 11)) / 0x1p53)
    }

    @Test func seedsAndStepsGiveOtherNumbersSpreadEvenly() {
        var counts = [Int](repeating: 0, count: 16)
        var seen: Set<Double> = []
        for seed in 0..<200 as Range<UInt64> {
            for step in 0..<200 as Range<UInt32> {
                let number = Philox.uniform(seed: seed, step: step)
                #expect(number >= 0 && number < 1)
                counts[Int(number * 16)] += 1
                seen.insert(number)
            }
        }
        #expect(seen.count == 40_000)
        let chiSquare = counts.reduce(0) { $0 + (Double($1) - 2500) * (Double($1) - 2500) / 2500 }
        #expect(chiSquare < 50, "\(counts)")
    }
}
