import StapesDecoding
import StapesTokenizer
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct GreedyRuleTests {
    /// Six ids: text 0, 1, 2, end of text 3, stamps 4 and 5.
    private let special = SpecialTokens(
        endOfText: 3, startOfTranscript: 3, translate: 3, transcribe: 3, startOfLM: 3, startOfPrevious: 3, noSpeech: 2,
        noTimestamps: 3, timestampBegin: 4, languages: 0..<2)

    private func select(
        _ logits: [Float], masking ranges: [Range<Int>] = [], list: [Int]? = nil, massRule: Bool = false
    ) -> (token: Int, logProbability: Float) {
        var mask = LogitMask()
        for range in ranges {
            mask.suppress(range)
        }
        mask.usesSuppressList = list != nil
        mask.timestampMassRule = massRule
        return logits.withUnsafeBufferPointer {
            GreedyRule.select(logits: $0, mask: mask, suppressList: list ?? [], special: special)
        }
    }

    @Test func ofEqualLogitsTheLowestIDWins() {
        #expect(select([1, 3, 3, 0, 3, 3]).token == 1)
        #expect(select([0, 0, 0, 0, 2, 2]).token == 4)
    }

    @Test func theProbabilityIsAmongTheAllowedIDs() {
        let chosen = select([9, 1, 1, 9, 9, 9], masking: [0..<1, 3..<6])
        #expect(chosen.token == 1)
        #expect(abs(chosen.logProbability - log(0.5)) < 1e-6)
    }

    @Test func theListCountsOnlyWhenTheMaskSaysSo() {
        #expect(select([9, 1, 0, 0, 0, 0], list: [0]).token == 1)
        #expect(select([9, 1, 0, 0, 0, 0], list: nil).token == 0)
    }

    @Test func stampsThatTogetherOutweighTheLikeliestTextAreForced() {
        // exp(1) + exp(1) > exp(1.5), though each stamp alone is less likely.
        let chosen = select([1.5, 0, 0, 0, 1, 1], massRule: true)
        #expect(chosen.token == 4)
        #expect(abs(chosen.logProbability - log(0.5)) < 1e-6)
        #expect(select([1.5, 0, 0, 0, 1, 1], massRule: false).token == 0)
    }

    @Test func stampsThatWeighLessLeaveTheTextItsChance() {
        let chosen = select([2, 0, 0, 0, 1, 1], massRule: true)
        #expect(chosen.token == 0)
        let sum = exp(2.0) + 3 + 2 * exp(1.0)
        #expect(abs(Double(chosen.logProbability) - (2 - log(sum))) < 1e-6)
    }

    @Test func aMassEqualToTheLikeliestTextForcesNothing() {
        #expect(select([1, 0, 0, 0, 1, -.infinity], massRule: true).token == 0)
    }

    @Test func withAllTextMaskedAStampIsChosen() {
        #expect(select([9, 9, 9, 9, -5, -4], masking: [0..<4], massRule: true).token == 5)
    }

    @Test func withAllStampsMaskedTextIsChosen() {
        #expect(select([-5, -4, -6, -7, 9, 9], masking: [4..<100], massRule: true).token == 1)
    }

    @Test func aRowWithNothingLeftEndsTheText() {
        let chosen = select([1, 2, 3, 4, 5, 6], masking: [0..<LogitMask.endOfVocabulary], massRule: true)
        #expect(chosen.token == special.endOfText)
        #expect(chosen.logProbability == -.infinity)
    }

    @Test func aRowWithoutNumbersEndsTheText() {
        #expect(select([.nan, .nan, .nan, .nan, .nan, .nan]).token == special.endOfText)
        #expect(select([]).token == special.endOfText)
    }

    @Test func largeLogitsDoNotOverflow() {
        let chosen = select([1e30, 1e30, 0, 0, -1e30, -1e30], massRule: true)
        #expect(chosen.token == 0)
        #expect(chosen.logProbability.isFinite)
    }

    /// Every mask of a row of six ids by ranges and list, against an id-by-id computation.
    @Test func everyMaskOfASmallRowAgreesWithTheDefinition() {
        let logits: [Float] = [0.5, 2, -1, 2, 1.25, 1.75]
        for maskedBits in 0..<64 {
            for listedBits in 0..<64 {
                for massRule in [false, true] {
                    let masked = (0..<6).filter { maskedBits >> $0 & 1 == 1 }
                    let listed = (0..<6).filter { listedBits >> $0 & 1 == 1 }
                    let chosen = select(
                        logits, masking: masked.map { $0..<$0 + 1 }, list: listed, massRule: massRule)
                    let wanted = definition(logits, without: masked + listed, massRule: massRule)
                    guard chosen.token == wanted.token,
                        chosen.logProbability == wanted.score || abs(chosen.logProbability - wanted.score) < 1e-6
                    else {
                        Issue.record("mask \(masked), list \(listed), \(massRule): \(chosen), not \(wanted)")
                        return
                    }
                }
            }
        }
    }

    private func definition(_ logits: [Float], without hidden: [Int], massRule: Bool) -> (token: Int, score: Float) {
        var row = logits
        for id in hidden {
            row[id] = -.infinity
        }
        let text = row[..<4].max() ?? -.infinity
        if massRule, log(row[4...].map(exp).reduce(0, +)) > text {
            for id in 0..<4 {
                row[id] = -.infinity
            }
        }
        guard let best = row.max(), best > -.infinity else { return (special.endOfText, -.infinity) }
        return (row.firstIndex(of: best) ?? -1, best - log(row.map(exp).reduce(0, +)))
    }

    @Test func languageProbabilitiesAreAmongLanguagesOnly() {
        let probabilities = [Float(1), 1, 50, 50, 50, 50].withUnsafeBufferPointer {
            RowProbability.languages(logits: $0, special: special)
        }
        #expect(probabilities == [0.5, 0.5])
    }

    @Test func anEnglishModelHasNoLanguageProbabilities() {
        let row = [Float](repeating: 0, count: 51864)
        #expect(row.withUnsafeBufferPointer { RowProbability.languages(logits: $0, special: .english) }.isEmpty)
    }

    @Test func noSpeechIsAProbabilityAmongAllIDs() {
        let probability = [Float](repeating: 3, count: 6).withUnsafeBufferPointer {
            RowProbability.noSpeech(logits: $0, special: special)
        }
        #expect(abs(probability - 1 / 6) < 1e-7)
    }
}
