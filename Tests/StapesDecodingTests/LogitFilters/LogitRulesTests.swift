import StapesDecoding
import StapesTokenizer
import Testing

struct LogitRulesTests {
    private let special = SpecialTokens.tiny
    private let text = 10

    private func rules(_ options: FilterOptions = FilterOptions()) -> LogitRules {
        LogitRules(coder: TinyCoder(), options: options)
    }

    @Test func aLoneSpaceAndTheEndAreMaskedOnTheFirstStepOnly() {
        let rules = rules(FilterOptions(timestamps: false))
        #expect(rules.mask(sampled: []).suppressedRanges == [220..<221, 300..<301])
        #expect(rules.mask(sampled: [text]).suppressedRanges.isEmpty)
    }

    @Test func blanksAreAllowedWhenTheyAreNotSuppressed() {
        let rules = rules(FilterOptions(suppressBlank: false, timestamps: false))
        #expect(rules.mask(sampled: []).suppressedRanges.isEmpty)
    }

    @Test func withoutStampsOnlyTheSuppressListRemains() {
        let mask = rules(FilterOptions(timestamps: false)).mask(sampled: [text, text])
        #expect(mask.usesSuppressList)
        #expect(!mask.timestampMassRule)
    }

    @Test func everyStepWithStampsUsesTheListAndTheMassRule() {
        let rules = rules()
        for sampled in [[], [special.stamp(3)], [special.stamp(3), text]] {
            let mask = rules.mask(sampled: sampled)
            #expect(mask.usesSuppressList && mask.timestampMassRule)
            #expect(mask.masks(special.noTimestamps))
        }
    }

    @Test func theFirstStampIsAtMostOneSecondByDefault() {
        let mask = rules().mask(sampled: [])
        #expect(mask.suppressedRanges == [0..<special.stamp(0), special.stamp(51)..<LogitMask.endOfVocabulary])
    }

    @Test(arguments: [(0.0, 1500), (-3.0, 1500), (.nan, 1500), (.infinity, 1500), (30.0, 1500), (0.02, 1), (0.5, 25)])
    func theLatestFirstStampFollowsTheOption(seconds: Double, last: Int) {
        let mask = rules(FilterOptions(maximumInitialTimestamp: seconds)).mask(sampled: [])
        #expect((0...1500).filter { !mask.masks(special.stamp($0)) } == Array(0...last))
    }

    @Test func noLimitAllowsEveryFirstStamp() {
        let mask = rules(FilterOptions(maximumInitialTimestamp: nil)).mask(sampled: [])
        #expect(mask.suppressedRanges == [0..<special.stamp(0)])
    }

    /// All histories of up to five ids over text and three stamps, against the rules put down id by id.
    @Test func everyShortHistoryIsMaskedAsTheRulesSay() {
        let alphabet = [text, special.stamp(0), special.stamp(1), special.stamp(700)]
        let rules = rules()
        var histories: [[Int]] = [[]]
        for _ in 0..<5 {
            histories += histories.flatMap { history in alphabet.map { history + [$0] } }
        }
        for history in Set(histories) where !history.isEmpty {
            let mask = rules.mask(sampled: history)
            let wrong = (0...special.timestampEnd).filter { mask.masks($0) != isForbidden($0, after: history) }
            guard wrong.isEmpty else {
                Issue.record("after \(history) ids \(wrong.prefix(5)) are masked wrongly")
                return
            }
        }
    }

    /// The timestamp rules of decoding.md, section 3, for one id.
    private func isForbidden(_ id: Int, after history: [Int]) -> Bool {
        let isStamp = { (token: Int) in token >= 311 }
        let last = history[history.count - 1]
        let beforeLastIsStamp = history.count < 2 || isStamp(history[history.count - 2])
        if id == 310 { return true }
        if isStamp(last), beforeLastIsStamp, isStamp(id) { return true }
        if isStamp(last), !beforeLastIsStamp, id < 300 { return true }
        guard let lastStamp = history.last(where: isStamp), isStamp(id) else { return false }
        return isStamp(last) && !beforeLastIsStamp ? id < lastStamp : id <= lastStamp
    }

    @Test func theDefaultListIsNonSpeechAndTheIDsOfPrompts() {
        #expect(rules().suppressList == [1, 2, 7, 60, 61, 62, 299, 301, 305, 306, 307, 308, 309])
    }

    @Test func anEmptyListStillSuppressesTheIDsOfPrompts() {
        #expect(rules(FilterOptions(suppressTokens: [])).suppressList == [301, 305, 306, 307, 308, 309])
    }

    @Test func minusOneAddsTheNonSpeechIDsAndOtherNegativesAreNoIDs() {
        let list = rules(FilterOptions(suppressTokens: [-1, 9, -4, 9])).suppressList
        #expect(list == [1, 2, 7, 9, 60, 61, 62, 299, 301, 305, 306, 307, 308, 309])
    }
}
