import CKernels
import Glibc
import StapesDevice
import StapesTesting
import Testing

/// What one step chooses; what many steps lead to is in `SamplingStateTests`.
@Suite struct SelectTests {
    /// Chooses at one seat that nothing is asked of but what is said here.
    private func choose(
        _ logits: [Float], timestampBegin: Int, rules: stapes_sampling_rules = .init(), suppressed: [Int] = [],
        state: stapes_sampling_state = .init(), on stream: StapesDevice.Stream
    ) -> SamplingSeats.Choice {
        let seats = SamplingSeats(count: 2, vocabulary: logits.count, timestampBegin: timestampBegin)
        seats.sit(at: 1, rules, suppressed: suppressed, state: state)
        return seats.choose(at: [1], [logits], on: stream).choices[0]
    }

    /// Greedy and at some temperatures.
    private static let temperatures: [Float] = [0, 0.3, 1]

    private static func rules(
        temperature: Float = 0, seed: UInt64 = 7, list: Bool = false, timestamps: Bool = false
    ) -> stapes_sampling_rules {
        var rules = stapes_sampling_rules()
        rules.seed = seed
        rules.temperature = temperature
        rules.suppresses_list = list ? 1 : 0
        rules.timestamps = timestamps ? 1 : 0
        (rules.last_timestamp, rules.last_initial_timestamp, rules.blank) = (.max, .max, -1)
        (rules.end_of_text, rules.no_timestamps) = (82, 89)
        return rules
    }

    @Test(arguments: Runner.levels) func equalLogitsGiveTheLowestID(_ runner: Runner) throws {
        let stream = try runner.stream()
        for (lowest, others) in [
            (0, [1, 700, 999]), (3, [998, 999]), (699, [700]), (17, [18, 33, 950]), (998, [999]),
        ] {
            var logits = [Float](repeating: -2, count: 1000)
            for id in [lowest] + others { logits[id] = 5 }
            #expect(choose(logits, timestampBegin: 700, on: stream).token == lowest)
        }
        // Zeros of both signs are equal.
        var zeros = [Float](repeating: -1, count: 100)
        (zeros[40], zeros[7]) = (0, -0.0)
        #expect(choose(zeros, timestampBegin: 90, on: stream).token == 7)
    }

    @Test(arguments: Runner.levels) func lastIDLeftIsCertain(_ runner: Runner) throws {
        let stream = try runner.stream()
        let logits = (0..<100).map { Float(-$0) }
        for id in [0, 1, 63, 64, 89, 90, 99] {
            for temperature in Self.temperatures {
                let choice = choose(
                    logits, timestampBegin: 90, rules: Self.rules(temperature: temperature, list: true),
                    suppressed: (0..<100).filter { $0 != id }, on: stream)
                #expect(choice.token == id && abs(choice.logProbability) < 1e-6, "id \(id): \(choice)")
            }
        }
    }

    @Test(arguments: Runner.levels) func listCountsOnlyWhenTheRulesSaySo(_ runner: Runner) throws {
        let stream = try runner.stream()
        let logits = (0..<100).map { Float($0 % 7) }
        for (list, token) in [(false, 6), (true, 13)] {
            #expect(
                choose(logits, timestampBegin: 90, rules: Self.rules(list: list), suppressed: [6], on: stream).token
                    == token)
        }
    }

    /// The stamps together against the likeliest other id, on both sides of the line.
    @Test(arguments: Runner.levels) func stampsTogetherOutweighTheLikeliestText(_ runner: Runner) throws {
        let stream = try runner.stream()
        let text = stapes_sampling_state(token: 5, count: 1, follows_text: 0, last_timestamp: 0)
        for (logit, wins) in [(Float(2.29), true), (2.31, false)] {  // ln 10 = 2.3026
            var logits = [Float](repeating: -20, count: 100)
            logits[5] = logit
            for id in 90..<100 { logits[id] = 0 }
            let choice = choose(
                logits, timestampBegin: 90, rules: Self.rules(timestamps: true), state: text, on: stream)
            #expect(choice.token == (wins ? 90 : 5))
            #expect(abs(choice.logProbability - (wins ? -log(10) : logit - log(exp(logit) + 10))) < 1e-4)
            // A token is drawn among the stamps alone, too.
            let drawn = choose(
                logits, timestampBegin: 90, rules: Self.rules(temperature: 5, timestamps: true), state: text, on: stream
            )
            #expect(!wins || (drawn.token >= 90 && abs(drawn.logProbability + log(10)) < 1e-4))
        }
    }

    /// A damaged model: one logit that is not a number must not make a wrong id look chosen.
    @Test(arguments: Runner.levels) func notANumberNeverChangesTheChoiceUnseen(_ runner: Runner) throws {
        let stream = try runner.stream()
        for place in 0..<100 {
            var logits = (0..<100).map { Float($0 * 37 % 89) / 10 }
            let best = try #require(logits.firstIndex(of: 8.8))
            guard place != best else { continue }
            logits[place] = .nan
            let choice = choose(logits, timestampBegin: 90, on: stream)
            #expect(
                choice.token == -1 || (choice.token == best && choice.logProbability.isFinite),
                "NaN at \(place): \(choice), the best is \(best)")
            for seed in 0..<8 as Range<UInt64> {
                let drawn = choose(
                    logits, timestampBegin: 90, rules: Self.rules(temperature: 100, seed: seed), on: stream)
                #expect(
                    drawn.token == -1 || (drawn.token != place && drawn.logProbability.isFinite),
                    "NaN at \(place) was drawn by seed \(seed)")
            }
        }
    }

    @Test(arguments: Runner.levels) func rowWithNothingFiniteGivesMinusOneAndLeavesItsState(_ runner: Runner) throws {
        let nothing = [Float](repeating: -.infinity, count: 100)
        let nan = [Float](repeating: .nan, count: 100)
        var infinite = [Float](repeating: 1, count: 100)
        infinite[30] = .infinity
        let some = (0..<100).map { Float($0 % 7) }
        let before = stapes_sampling_state(token: 92, count: 6, follows_text: 1, last_timestamp: 92)
        for stream in [try runner.stream(), try referenceStream()] {
            for temperature in Self.temperatures {
                let seats = SamplingSeats(count: 6, vocabulary: 100, timestampBegin: 90)
                for seat in 1...5 {
                    seats.sit(
                        at: seat, Self.rules(temperature: temperature, list: true),
                        suppressed: seat == 4 ? Array(0..<100) : [], state: before)
                }
                let choices = seats.choose(
                    at: [1, 2, 3, 4, 5], [nothing, nan, infinite, some, some], on: stream
                ).choices
                #expect(choices[..<4].allSatisfy { $0 == .none }, "\(choices)")
                #expect(choices[4].token >= 0)
                for seat in 1...4 { #expect(seats[seat].fields == before.fields) }
                #expect(seats[5].count == 7)
            }
        }
    }

    @Test(arguments: Runner.all) func rowsOfTheReservedSeatGiveZeroAndChangeNothing(_ runner: Runner) throws {
        let odd = stapes_sampling_state(token: 12, count: 3, follows_text: 1, last_timestamp: 91)
        let logits = (0..<100).map { Float($0 % 7) }
        for stream in [try runner.stream(), try referenceStream()] {
            let seats = SamplingSeats(count: 4, vocabulary: 100, timestampBegin: 90)
            seats.sit(at: 0, Self.rules(temperature: 1, timestamps: true), state: odd)
            seats.sit(at: 2, state: odd)
            let nan = [Float](repeating: .nan, count: 100)
            let (choices, left) = seats.choose(
                at: [0, 3, 0, 1, 0, 0], [nan, logits, logits, logits, logits, nan], on: stream)
            for row in [0, 2, 4, 5] {
                #expect(choices[row] == SamplingSeats.Choice(token: 0, logProbability: 0), "row \(row)")
            }
            #expect(left[2] == logits && left[4] == logits)
            #expect(choices[1].token == 6 && choices[3].token == 6)
            #expect(seats[0].fields == odd.fields && seats[2].fields == odd.fields, "nobody chose there")
            #expect(seats[1].fields == [6, 1, 0, 0] && seats[3].fields == [6, 1, 0, 0])
        }
    }

    @Test(arguments: CPULevel.available) func rowHasTheSameBitsInAnyBatch(_ level: CPULevel) throws {
        var generator = SeededGenerator(seed: 51)
        let rows = 13
        let sequences = (1...rows).map { _ in
            RuledSequence(vocabulary: 1003, timestampBegin: 700, using: &generator)
        }
        #expect(Set(sequences.map { $0.sampling.temperature > 0 }).count == 2)
        func sit() -> SamplingSeats {
            let seats = SamplingSeats(count: rows + 1, vocabulary: 1003, timestampBegin: 700)
            for (row, sequence) in sequences.enumerated() {
                seats.sit(at: row + 1, sequence.kernelRules, suppressed: sequence.rules.suppressList)
            }
            return seats
        }
        let streams = try (1...3).map { try Runner(level: level, threads: $0).stream() }
        let (together, alone, shuffled) = (sit(), sit(), sit())
        for step in 0..<8 {
            let logits = (0..<rows).map { _ in (0..<1003).map { _ in 4 * generator.nextSignedUnit() } }
            let expected = together.choose(at: Array(1...rows), logits, on: streams[step % 3])
            let order = Array(0..<rows).shuffled(using: &generator)
            // Rows of padding between and behind the others.
            let other = shuffled.choose(
                at: order.flatMap { [$0 + 1, 0] }, order.flatMap { [logits[$0], logits[0]] },
                on: streams[(step + 1) % 3])
            for row in 0..<rows {
                let single = alone.choose(at: [row + 1], [logits[row]], on: streams[0])
                #expect(single.choices[0] == expected.choices[row] && single.logits[0] == expected.logits[row])
                #expect(alone[row + 1].fields == together[row + 1].fields)
                let place = try #require(order.firstIndex(of: row))
                #expect(other.choices[2 * place] == expected.choices[row])
                #expect(shuffled[row + 1].fields == together[row + 1].fields)
            }
        }
    }

    @Test(arguments: Runner.all) func stepIsFedWithWhatTheLastOneChose(_ runner: Runner) throws {
        for stream in [try runner.stream(), try referenceStream()] {
            let seats = SamplingSeats(count: 9, vocabulary: 100, timestampBegin: 90)
            #expect(seats.feed([0, 1, 8], on: stream) == [0, 0, 0])
            for round in 0..<3 {
                let logits = (1...8).map { seat in
                    (0..<100).map { Float($0 == (seat * 11 + round * 7) % 100 ? 1 : 0) }
                }
                let choices = seats.choose(at: Array(1...8), logits, on: stream).choices
                let order = [8, 0, 3, 3, 1, 0, 5, 6, 7, 2, 4]
                #expect(seats.feed(order, on: stream) == order.map { $0 == 0 ? 0 : choices[$0 - 1].token })
            }
            #expect(seats.feed([], on: stream) == [])
        }
    }
}
