import StapesDecoding
import StapesTesting
import StapesTokenizer
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct SamplingRuleTests {
    /// Six ids: text 0, 1, 2, end of text 3, stamps 4 and 5.
    private let special = SpecialTokens(
        endOfText: 3, startOfTranscript: 3, translate: 3, transcribe: 3, startOfLM: 3, startOfPrevious: 3, noSpeech: 2,
        noTimestamps: 3, timestampBegin: 4, languages: 0..<2)

    private func mask(_ hidden: [Int] = [], usesList: Bool = false, massRule: Bool = false) -> LogitMask {
        var mask = LogitMask()
        for id in hidden { mask.suppress(id) }
        mask.usesSuppressList = usesList
        mask.timestampMassRule = massRule
        return mask
    }

    private func select(
        _ logits: [Float], _ mask: LogitMask = LogitMask(), list: [Int] = [], temperature: Double = 1, share: Double
    ) -> (token: Int, logProbability: Float) {
        logits.withUnsafeBufferPointer {
            SamplingRule.select(
                logits: $0, mask: mask, suppressList: list, special: special, temperature: temperature, share: share)
        }
    }

    private let almostOne = 1 - 0x1p-53

    @Test func shareZeroGivesTheFirstAllowedIDWithAnyWeight() {
        let logits: [Float] = [-.infinity, 9, -50, 3, 1, 1]
        #expect(select(logits, share: 0).token == 1)
        #expect(select(logits, mask([1]), share: 0).token == 2)
        #expect(select(logits, mask([1, 2]), share: 0).token == 3)
        #expect(select(logits, mask(usesList: true), list: [1, 2, 3], share: 0).token == 4)
        #expect(select(logits, mask(), list: [1, 2, 3], share: 0).token == 1, "the list is not asked for")
    }

    @Test func shareJustBelowOneGivesTheLastAllowedIDWithAnyWeight() {
        let logits: [Float] = [1, 9, -5, 3, 1, -.infinity]
        #expect(select(logits, share: almostOne).token == 4)
        #expect(select(logits, mask([4]), share: almostOne).token == 3)
        // Too small a weight to move the sum: the last one that counts is taken, and never one without any.
        #expect(select([0, 0, -30, -.infinity, -.infinity, -.infinity], share: almostOne).token >= 1)
        #expect(select([0, -.infinity, -.infinity, .nan, -.infinity, -.infinity], share: almostOne).token == 0)
    }

    @Test func equalLogitsShareTheWholeEqually() {
        let logits = [Float](repeating: 2, count: 6)
        for id in 0..<6 {
            #expect(select(logits, share: (Double(id) + 0.001) / 6).token == id)
            #expect(select(logits, share: (Double(id) + 0.999) / 6).token == id)
        }
    }

    @Test func temperatureTowardsZeroIsGreedy() {
        let logits: [Float] = [1, 1.5, -2, 0, 1.25, 1.4]
        for temperature in [0.01, 1e-6, 1e-300] {
            for share in [1e-6, 0.3, 0.7, 0.9999] {
                #expect(select(logits, temperature: temperature, share: share).token == 1)
            }
        }
        // So low that nothing is left of the others.
        for share in [0, almostOne] { #expect(select(logits, temperature: 1e-6, share: share).token == 1) }
        // Equal ones share what there is.
        let ties: [Float] = [1, 3, 0, 3, 3, 2]
        for (share, token) in [(0.1, 1), (0.4, 3), (0.9, 4)] {
            #expect(select(ties, temperature: 1e-3, share: share).token == token)
        }
    }

    @Test func temperatureWithoutBoundIsUniform() {
        let logits: [Float] = [5, -9, 2, 0, 1, -20]
        for id in 0..<6 { #expect(select(logits, temperature: 1e9, share: (Double(id) + 0.5) / 6).token == id) }
    }

    @Test func logProbabilityIsThatOfTheTokenAtTemperatureOne() {
        let logits: [Float] = [1, 1.5, -2, 0, 1.25, 1.4]
        let whole = log(logits.reduce(0) { $0 + exp(Double($1)) })
        for temperature in [0.2, 1, 5] {
            for share in stride(from: 0.0, to: 1, by: 0.05) {
                let chosen = select(logits, temperature: temperature, share: share)
                #expect(abs(Double(chosen.logProbability) - (Double(logits[chosen.token]) - whole)) < 1e-6)
            }
        }
    }

    @Test func stampsThatTogetherOutweighTheLikeliestTextAreDrawnAlone() {
        let logits: [Float] = [1.5, 0, 0, 0, 1, 1]
        for share in stride(from: 0.0, to: 1, by: 0.01) {
            let chosen = select(logits, mask(massRule: true), temperature: 3, share: share)
            #expect(chosen.token == (share < 0.5 ? 4 : 5))
            #expect(abs(chosen.logProbability - log(0.5)) < 1e-6)
        }
        #expect(select(logits, mask(), temperature: 3, share: 0).token == 0)
        // The rule weighs at temperature one, whatever the temperature: here the text is likelier.
        #expect(select([2, 0, 0, 0, 1, 1], mask(massRule: true), temperature: 100, share: 0).token == 0)
        #expect(select([1, 0, 0, 0, 1, -.infinity], mask(massRule: true), share: 0).token == 0, "equal is not more")
    }

    @Test func rowWithNothingLeftEndsTheText() {
        for logits in [[1, 2, 3, 4, 5, 6], [Float](repeating: .nan, count: 6), []] {
            let chosen = select(logits, mask(Array(0..<6)), share: 0.5)
            #expect(chosen.token == special.endOfText && chosen.logProbability == -.infinity)
        }
    }

    @Test func notANumberIsNeverDrawn() {
        for place in 0..<6 {
            var logits: [Float] = [1, 1, 1, 1, 1, 1]
            logits[place] = .nan
            for share in stride(from: 0.0, to: 1, by: 0.05) {
                #expect(select(logits, temperature: 2, share: share).token != place)
            }
        }
    }

    /// Every mask of a row of six ids and many shares, against the distribution written down id by id.
    @Test func everyMaskOfASmallRowAgreesWithTheDefinition() {
        let logits: [Float] = [0.5, 2, -1, 2, 1.25, 1.75]
        var generator = SeededGenerator(seed: 57)
        for hiddenBits in 0..<63 {
            let hidden = (0..<6).filter { hiddenBits >> $0 & 1 == 1 }
            for massRule in [false, true] {
                for temperature in [0.3, 1, 2.5] {
                    let shares = (0..<12).map { _ in Double.random(in: 0..<1, using: &generator) }
                    for share in shares {
                        let chosen = select(
                            logits, mask(hidden, massRule: massRule), temperature: temperature, share: share)
                        let wanted = definition(logits, hidden, massRule, temperature, share)
                        guard chosen.token == wanted.token, abs(chosen.logProbability - wanted.score) < 1e-5 else {
                            Issue.record("\(hidden), \(massRule), \(temperature), \(share): \(chosen), not \(wanted)")
                            return
                        }
                    }
                }
            }
        }
    }

    private func definition(
        _ logits: [Float], _ hidden: [Int], _ massRule: Bool, _ temperature: Double, _ share: Double
    ) -> (token: Int, score: Float) {
        var ids = (0..<6).filter { !hidden.contains($0) }
        let stampMass = log(ids.filter { $0 >= 4 }.reduce(0) { $0 + exp(Double(logits[$1])) })
        let text = ids.filter { $0 < 4 }.map { Double(logits[$0]) }.max() ?? -.infinity
        if massRule, stampMass > text { ids.removeAll { $0 < 4 } }
        let weights = ids.map { exp(Double(logits[$0]) / temperature) }
        let whole = weights.reduce(0, +)
        let place = ids.indices.first { weights[...$0].reduce(0, +) / whole > share } ?? ids.count - 1
        let all = log(ids.reduce(0) { $0 + exp(Double(logits[$1])) })
        return (ids[place], Float(Double(logits[ids[place]]) - all))
    }
}
