import StapesDecoding
import Testing

/// What is done to a window's words before they go to segments.
struct WordRulesTests {
    private func timing(_ text: String, _ start: Double, _ end: Double, tokens: Int = 1) -> WordTiming {
        WordTiming(text: text, tokenCount: tokens, start: start, end: end, probability: 0.5)
    }

    private func merged(_ texts: String...) -> [String] {
        var words = texts.map { timing($0, 0, 1) }
        PunctuationMerge(
            prepended: WordOptions.prependedPunctuation, appended: WordOptions.appendedPunctuation
        ).apply(to: &words)
        #expect(words.reduce(0) { $0 + $1.tokenCount } == texts.count)
        return words.map(\.text)
    }

    @Test func signsJoinTheWordTheyBelongTo() {
        #expect(merged(" He", " said", ":", " \"", "Yes", ".", "\"") == [" He", " said:", "", "", " \"Yes.\"", "", ""])
    }

    @Test func signsBeforeAWordNeedASpaceAndRunsOfThemJoin() {
        #expect(merged("a", "(", "b") == ["a", "(", "b"])
        #expect(merged(" (", " \"", "b") == ["", "", " ( \"b"])
    }

    @Test func aSignAfterASpaceDoesNotJoinBackward() {
        #expect(merged("a ", ".", "b") == ["a ", ".", "b"])
    }

    @Test func theMedianLeavesOutWordsOfNoLengthAndIsCapped() {
        #expect(WordDurations([]).median == 0)
        #expect(WordDurations([timing("a", 1, 1)]).median == 0)
        #expect(WordDurations([timing("a", 1, 1), timing("b", 0, 0.5), timing("c", 0, 0.25)]).median == 0.375)
        #expect(WordDurations([timing("a", 0, 3), timing("b", 0, 2), timing("c", 0, 0.5)]).maximum == 1.4)
    }

    @Test func longWordsAroundSentenceEndsAreShortened() {
        var words = [
            timing("a", 0, 0.5), timing(".", 0.5, 4), timing("b", 4, 9), timing("c", 9, 9.5), timing("d", 9.5, 10),
            timing("e", 10, 13), timing("f", 13, 13.5),
        ]
        let durations = WordDurations(words)
        #expect(durations.median == 0.5)
        durations.shortenAtSentenceEnds(&words)
        #expect(words.map(\.end) == [0.5, 1.5, 9, 9.5, 10, 13, 13.5])
        #expect(words.map(\.start) == [0, 0.5, 8, 9, 9.5, 10, 13])
    }
}
