import StapesDecoding
import StapesTokenizer
import Testing

/// Windows that are shorter than the model's, and what the rules of a request consist of.
struct WindowEndTests {
    private let special = SpecialTokens.tiny
    private let text = 10

    private func rules(_ options: FilterOptions) -> LogitRules { LogitRules(coder: TinyCoder(), options: options) }

    private func allowedStamps(_ rules: LogitRules, after sampled: [Int]) -> [Int] {
        let mask = rules.mask(sampled: sampled)
        return (0...1500).filter { !mask.masks(special.stamp($0)) }
    }

    @Test func filterMasksWhatLiesPastTheEnd() throws {
        var mask = LogitMask()
        let filters = rules(FilterOptions(windowStamps: 3)).filters
        try #require(filters.first { $0 is WindowEndFilter }).add(to: &mask, sampled: [])
        #expect(mask.suppressedRanges == [special.stamp(4)..<LogitMask.endOfVocabulary])
    }

    @Test(arguments: [1, 2, 25, 250, 1499]) func noStampPastTheWindowsEndMayCome(stamps: Int) {
        let rules = rules(FilterOptions(maximumInitialTimestamp: nil, windowStamps: stamps))
        #expect(allowedStamps(rules, after: []) == Array(0...stamps))
        #expect(allowedStamps(rules, after: [special.stamp(0), text]) == Array(1...stamps))
        // The stamp at the end may close a segment, and open one of which nothing is left.
        #expect(allowedStamps(rules, after: [special.stamp(0), text, special.stamp(stamps)]) == [stamps])
        #expect(allowedStamps(rules, after: [special.stamp(0), text, special.stamp(stamps), text]) == [])
    }

    @Test(arguments: [(10, 1.0, 10), (100, 1.0, 50), (50, 1.0, 50), (51, 0.98, 49)])
    func earlierOfTheTwoLimitsHoldsForTheFirstStamp(stamps: Int, seconds: Double, last: Int) {
        let rules = rules(FilterOptions(maximumInitialTimestamp: seconds, windowStamps: stamps))
        #expect(allowedStamps(rules, after: []) == Array(0...last))
        #expect(allowedStamps(rules, after: [text]) == Array(0...stamps))
    }

    @Test(arguments: [nil, 1500, 1501, .max] as [Int?]) func fullWindowHasNoSuchRule(stamps: Int?) {
        let rules = rules(FilterOptions(windowStamps: stamps))
        #expect(rules.parameters.lastTimestamp == nil)
        #expect(!rules.filters.contains { $0 is WindowEndFilter })
        #expect(rules.mask(sampled: [text]) == self.rules(FilterOptions()).mask(sampled: [text]))
    }

    @Test func textWithoutStampsKnowsNoEnd() {
        let rules = rules(FilterOptions(suppressBlank: false, timestamps: false, windowStamps: 5))
        #expect(rules.mask(sampled: []).suppressedRanges.isEmpty)
    }

    /// A mask has room for what all filters together ask for.
    @Test func everyHistoryOfAShortWindowIsMaskedAsWithoutItsEndBesideTheStampsPastIt() {
        let alphabet = [text, special.stamp(0), special.stamp(1), special.stamp(7), special.stamp(8)]
        let (short, full) = (rules(FilterOptions(windowStamps: 7)), rules(FilterOptions()))
        var histories: [[Int]] = [[]]
        for _ in 0..<4 { histories += histories.flatMap { history in alphabet.map { history + [$0] } } }
        for history in Set(histories) {
            let (mask, wider) = (short.mask(sampled: history), full.mask(sampled: history))
            let wrong = (0...special.timestampEnd).filter {
                mask.masks($0) != (wider.masks($0) || $0 > special.stamp(7))
            }
            guard wrong.isEmpty, mask.usesSuppressList, mask.timestampMassRule else {
                Issue.record("after \(history) ids \(wrong.prefix(5)) are masked wrongly")
                return
            }
        }
    }

    // MARK: Parameters

    @Test func parametersAreTheNumbersOfTheRules() {
        let parameters = rules(
            FilterOptions(suppressBlank: false, timestamps: true, maximumInitialTimestamp: 0.5, windowStamps: 40)
        ).parameters
        #expect(parameters.endOfText == 300 && parameters.blankToken == 220)
        #expect(parameters.noTimestamps == 310 && parameters.timestampBegin == 311)
        #expect(parameters.lastInitialTimestamp == 25 && parameters.lastTimestamp == 40)
        #expect(parameters.timestamps && !parameters.suppressesBlank)
        let others = rules(FilterOptions(timestamps: false, maximumInitialTimestamp: nil)).parameters
        #expect(others.lastInitialTimestamp == nil && others.lastTimestamp == nil)
        #expect(!others.timestamps && others.suppressesBlank)
    }

    @Test func vocabularyWithoutALoneSpaceHasNoBlank() {
        let rules = LogitRules(special: special, nonSpeechTokens: [], blankToken: nil)
        #expect(rules.parameters.blankToken == nil)
        #expect(!rules.mask(sampled: []).masks(special.stamp(0)))
    }
}
