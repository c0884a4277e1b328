import Glibc
import StapesDecoding
import StapesDevice
import StapesTesting
import Testing

@Suite struct SelectTests {
    /// Vocabularies that end inside a vector and inside a word of the bit set, and a real one.
    static let shapes = [(40, 1000, 700), (40, 1003, 17), (40, 129, 65), (40, 64, 40), (4, 51865, 50364)]

    private static func agree(_ left: SelectCase.Choice, _ right: SelectCase.Choice) -> Bool {
        left.token == right.token
            && (left.logProbability == right.logProbability
                || abs(left.logProbability - right.logProbability) <= 1e-4)
    }

    @Test(arguments: Runner.all) func matchesGreedyRuleAndReference(_ runner: Runner) throws {
        var generator = SeededGenerator(seed: 50)
        let stream = try runner.stream()
        let reference = try referenceStream()
        var onlyStamps = 0
        for (rows, vocabulary, timestampBegin) in Self.shapes {
            let cases = SelectCase.random(
                rows: rows, vocabulary: vocabulary, timestampBegin: timestampBegin, using: &generator)
            let kernel = cases.run(on: stream)
            let truth = cases.greedy()
            let swift = cases.run(on: reference)
            for row in 0..<rows {
                // A row of which nothing is left is an error on the device, and the end of the text by the rules.
                let expected =
                    truth[row].logProbability == -.infinity
                    ? SelectCase.Choice(token: -1, logProbability: -.infinity) : truth[row]
                #expect(Self.agree(kernel[row], expected), "row \(row): \(kernel[row]), by the rules \(expected)")
                #expect(
                    Self.agree(swift[row], expected), "row \(row): reference \(swift[row]), by the rules \(expected)")
                if cases.masks[row].timestampMassRule, kernel[row].token >= timestampBegin { onlyStamps += 1 }
            }
        }
        #expect(onlyStamps > 20, "the rule about the stamps' mass decided too few rows to be tested")
    }

    @Test(arguments: Runner.levels) func equalLogitsGiveTheLowestID(_ runner: Runner) throws {
        let stream = try runner.stream()
        for (lowest, others) in [
            (0, [1, 700, 999]), (3, [998, 999]), (699, [700]), (17, [18, 33, 950]), (998, [999]),
        ] {
            var logits = [Float](repeating: -2, count: 1000)
            for id in [lowest] + others { logits[id] = 5 }
            let choice = SelectCase(
                vocabulary: 1000, timestampBegin: 700, logits: [logits], masks: [LogitMask()], lists: [[]]
            ).run(on: stream)
            #expect(choice[0].token == lowest)
        }
        // Zeros of both signs are equal.
        var zeros = [Float](repeating: -1, count: 100)
        (zeros[40], zeros[7]) = (0, -0.0)
        let choice = SelectCase(
            vocabulary: 100, timestampBegin: 90, logits: [zeros], masks: [LogitMask()], lists: [[]]
        ).run(on: stream)
        #expect(choice[0].token == 7)
    }

    @Test(arguments: Runner.levels) func rowWithNothingLeftGivesMinusOne(_ runner: Runner) throws {
        var everything = LogitMask()
        everything.suppress(from: 0)
        let nothing = [Float](repeating: -.infinity, count: 100)
        let some = (0..<100).map { Float($0 % 7) }
        var stampsOnly = LogitMask()
        stampsOnly.suppress(0..<90)
        stampsOnly.timestampMassRule = true
        let choices = SelectCase(
            vocabulary: 100, timestampBegin: 90, logits: [nothing, some, some],
            masks: [LogitMask(), everything, stampsOnly], lists: [[], [], Array(90..<100)]
        ).run(on: try runner.stream())
        #expect(choices[0] == SelectCase.Choice(token: -1, logProbability: -.infinity))
        #expect(choices[1] == SelectCase.Choice(token: -1, logProbability: -.infinity))
        #expect(choices[2].token == 90, "the list is not asked for")
    }

    @Test(arguments: Runner.levels) func lastIDLeftIsCertain(_ runner: Runner) throws {
        for id in [0, 1, 63, 64, 89, 90, 99] {
            var mask = LogitMask()
            mask.suppress(0..<id)
            mask.suppress(id + 1..<Int(Int32.max))
            let choice = SelectCase(
                vocabulary: 100, timestampBegin: 90, logits: [(0..<100).map { Float(-$0) }], masks: [mask], lists: [[]]
            ).run(on: try runner.stream())
            #expect(choice[0].token == id && abs(choice[0].logProbability) < 1e-6, "id \(id): \(choice[0])")
        }
    }

    /// The stamps together against the likeliest other id, on both sides of the line.
    @Test(arguments: Runner.levels) func stampsTogetherOutweighTheLikeliestText(_ runner: Runner) throws {
        let stream = try runner.stream()
        for (text, wins) in [(Float(2.29), true), (2.31, false)] {  // ln 10 = 2.3026
            var logits = [Float](repeating: -20, count: 100)
            logits[5] = text
            for id in 90..<100 { logits[id] = 0 }
            var mask = LogitMask()
            mask.timestampMassRule = true
            let choice = SelectCase(
                vocabulary: 100, timestampBegin: 90, logits: [logits], masks: [mask], lists: [[]]
            ).run(on: stream)[0]
            #expect(choice.token == (wins ? 90 : 5))
            #expect(abs(choice.logProbability - (wins ? -log(10) : text - log(exp(text) + 10))) < 1e-4)
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
            let choice = SelectCase(
                vocabulary: 100, timestampBegin: 90, logits: [logits], masks: [LogitMask()], lists: [[]]
            ).run(on: stream)[0]
            #expect(
                choice.token == -1 || (choice.token == best && choice.logProbability.isFinite),
                "NaN at \(place): \(choice), the best is \(best)")
        }
    }

    @Test(arguments: CPULevel.available) func rowHasTheSameBitsInAnyBatch(_ level: CPULevel) throws {
        var generator = SeededGenerator(seed: 51)
        let cases = SelectCase.random(rows: 13, vocabulary: 1003, timestampBegin: 700, using: &generator)
        let together = cases.run(on: try Runner(level: level, threads: 3).stream())
        let stream = try Runner(level: level, threads: 1).stream()
        for row in 0..<13 {
            let alone = SelectCase(
                vocabulary: 1003, timestampBegin: 700, logits: [cases.logits[row]], masks: [cases.masks[row]],
                lists: [cases.lists[row]]
            ).run(on: stream)
            #expect(alone[0] == together[row])
        }
    }
}
