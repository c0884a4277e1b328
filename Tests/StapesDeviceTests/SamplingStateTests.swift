import StapesDecoding
import StapesDevice
import StapesTesting
import Testing

/// Sequences of many steps: the state on the device goes on as the rules say, and with it what may come next.
@Suite struct SamplingStateTests {
    /// Sequences that sample together, at seats from 1 on, by the rules and on a device.
    private struct World {
        let vocabulary: Int
        let timestampBegin: Int
        let seats: SamplingSeats
        var sequences: [RuledSequence]

        init(rows: Int, vocabulary: Int, timestampBegin: Int, using generator: inout SeededGenerator) {
            self.vocabulary = vocabulary
            self.timestampBegin = timestampBegin
            seats = SamplingSeats(count: rows + 1, vocabulary: vocabulary, timestampBegin: timestampBegin)
            sequences = (0..<rows).map { _ in
                RuledSequence(vocabulary: vocabulary, timestampBegin: timestampBegin, using: &generator)
            }
            for (row, sequence) in sequences.enumerated() {
                seats.sit(at: row + 1, sequence.kernelRules, suppressed: sequence.rules.suppressList)
            }
        }

        func choose(
            _ logits: [[Float]], on stream: StapesDevice.Stream
        ) -> (choices: [SamplingSeats.Choice], logits: [[Float]]) {
            seats.choose(at: Array(1...sequences.count), logits, on: stream)
        }
    }

    /// Vocabularies that end inside a vector and inside a word of the bit set; few texts, few stamps.
    private static let shapes = [(40, 1000, 700), (40, 1003, 17), (40, 129, 65), (40, 64, 40)]

    /// The reference is looked at once, and not with every level.
    private func streams(_ runner: Runner) throws -> [StapesDevice.Stream] {
        let isFirst = runner.level == CPULevel.available.first && runner.threads == 1
        return [try runner.stream()] + (isFirst ? [try referenceStream()] : [])
    }

    // MARK: Choices that are forced

    /// One logit above all others decides what is chosen, greedily and at every temperature.
    @Test(arguments: Runner.all) func stateAndMaskFollowTheRulesOverAnyHistory(_ runner: Runner) throws {
        for stream in try streams(runner) {
            var generator = SeededGenerator(seed: 52)
            var (closed, opened, stuck) = (0, 0, 0)
            for (rows, vocabulary, timestampBegin) in Self.shapes {
                var world = World(
                    rows: rows, vocabulary: vocabulary, timestampBegin: timestampBegin, using: &generator)
                for step in 0..<24 {
                    let allowed = world.sequences.map { $0.isAllowed(vocabulary: vocabulary) }
                    let forced = allowed.map { Self.anyOf($0, timestampBegin, using: &generator) }
                    let logits = forced.map { token in
                        var row = (0..<vocabulary).map { _ in generator.nextSignedUnit() }
                        if let token { row[token] = 60 }
                        return row
                    }
                    let (choices, left) = world.choose(logits, on: stream)
                    for row in 0..<rows {
                        let parameters = world.sequences[row].rules.parameters
                        let isOnlyStamps = parameters.timestamps && (forced[row] ?? 0) >= timestampBegin
                        let wrong = (0..<vocabulary).filter {
                            (left[row][$0] > -.infinity) != (allowed[row][$0] && !(isOnlyStamps && $0 < timestampBegin))
                        }
                        if let token = forced[row] { world.sequences[row].sampled.append(token) }
                        guard wrong.isEmpty, choices[row].token == forced[row] ?? -1,
                            world.seats[row + 1].fields == world.sequences[row].state.fields
                        else {
                            Issue.record(
                                """
                                \(stream.kernels.name), vocabulary \(vocabulary), row \(row), step \(step), after \
                                \(world.sequences[row].sampled) under \(parameters): chose \(choices[row]), not \
                                \(forced[row] ?? -1); state \(world.seats[row + 1].fields); masked wrongly \
                                \(wrong.prefix(5))
                                """)
                            return
                        }
                        let tail = world.sequences[row].sampled.suffix(2).map { $0 >= timestampBegin }
                        closed += tail == [false, true] ? 1 : 0
                        opened += tail == [true, true] ? 1 : 0
                        stuck += forced[row] == nil ? 1 : 0
                    }
                }
            }
            // All kinds of histories came up.
            #expect(closed > 200 && opened > 100 && stuck < 2000, "\(closed) closed, \(opened) opened, \(stuck) stuck")
        }
    }

    /// Stamps as often as text, and early ones, so that a history does not run out of them at once.
    private static func anyOf(_ allowed: [Bool], _ timestampBegin: Int, using generator: inout SeededGenerator) -> Int?
    {
        let stamps = (timestampBegin..<allowed.count).filter { allowed[$0] }
        let text = (0..<timestampBegin).filter { allowed[$0] }
        if !stamps.isEmpty, text.isEmpty || Bool.random(using: &generator) {
            return stamps.prefix(Bool.random(using: &generator) ? 3 : 30).randomElement(using: &generator)
        }
        return text.randomElement(using: &generator)
    }

    // MARK: Choices of any kind

    @Test(arguments: Runner.all) func choicesAreThoseOfTheRules(_ runner: Runner) throws {
        for stream in try streams(runner) {
            var generator = SeededGenerator(seed: 53)
            var (onlyStamps, drawn, differing) = (0, 0, 0)
            for (rows, vocabulary, timestampBegin) in Self.shapes + [(4, 51865, 50364)] {
                var world = World(
                    rows: rows, vocabulary: vocabulary, timestampBegin: timestampBegin, using: &generator)
                for step in 0..<(vocabulary > 2000 ? 4 : 12) {
                    let logits = world.sequences.map { _ in
                        let spread = Float.random(in: 0.5...20, using: &generator)
                        return (0..<vocabulary).map { _ in spread * generator.nextSignedUnit() }
                    }
                    let (choices, left) = world.choose(logits, on: stream)
                    for row in 0..<rows {
                        let sequence = world.sequences[row]
                        let (choice, expected) = (choices[row], sequence.choice(logits[row]))
                        let isSampled = sequence.sampling.temperature > 0
                        var agrees = choice == expected || Self.isNear(choice, expected)
                        if isSampled { drawn += 1 }
                        if !agrees, isSampled, choice.token >= 0, sequence.distance(to: choice.token, left[row]) < 1e-5
                        {
                            // Within rounding of the line between two ids either of them will do.
                            differing += 1
                            agrees = true
                        }
                        guard agrees else {
                            Issue.record(
                                """
                                \(stream.kernels.name), vocabulary \(vocabulary), row \(row), step \(step), after \
                                \(sequence.sampled) under \(sequence.rules.parameters) at \(sequence.sampling): \
                                \(choice), by the rules \(expected)
                                """)
                            return
                        }
                        if choice.token >= 0 { world.sequences[row].sampled.append(choice.token) }
                        #expect(world.seats[row + 1].fields == world.sequences[row].state.fields)
                        let textWasLeft = sequence.isAllowed(vocabulary: vocabulary)[..<timestampBegin].contains(true)
                        if sequence.rules.parameters.timestamps, choice.token >= timestampBegin, textWasLeft {
                            onlyStamps += 1
                        }
                    }
                }
            }
            #expect(onlyStamps > 20, "the rule about the stamps' mass decided too few rows to be tested")
            #expect(drawn > 500 && differing <= drawn / 500, "\(differing) of \(drawn) tokens that were drawn differ")
        }
    }

    private static func isNear(_ left: SamplingSeats.Choice, _ right: SamplingSeats.Choice) -> Bool {
        left.token == right.token && abs(left.logProbability - right.logProbability) <= 1e-4
    }
}
