import StapesDecoding
import Testing

struct WordSplitterTests {
    private static let texts = [
        " Hel", "lo", ",", " wor", "ld", "!", "...", "()", " ", "你", "好", "\u{0301}", " \u{0301}", "\u{3000}",
    ]
    private let coder = PieceCoder(texts: texts)

    private func words(_ ids: Int..., language: String = "en") -> [String] {
        WordSplitter(language: language, coder: coder).split(ids + [300]).map(\.text)
    }

    @Test func piecesJoinUntilASpaceOrASign() {
        #expect(words(0, 1, 2, 3, 4, 5) == [" Hello", ",", " world", "!", "<|endoftext|>"])
        #expect(words(1, 1) == ["lolo", "<|endoftext|>"])
    }

    /// Python looks for the piece in the list of signs, where three stops do not stand in a row.
    @Test func severalSignsAreASignOnlyIfPythonListsThemInARow() {
        #expect(words(0, 7) == [" Hel", "()", "<|endoftext|>"])
        #expect(words(0, 6) == [" Hel...", "<|endoftext|>"])
    }

    @Test func spaceAloneIsAWordWhateverFollows() {
        #expect(words(0, 8, 4) == [" Hel", " ld", "<|endoftext|>"])
        #expect(words(0, 13, 4) == [" Hel", "\u{3000}ld", "<|endoftext|>"])
    }

    @Test func aMarkOnASpaceIsNoOtherCharacter() {
        #expect(words(0, 12) == [" Hel", " \u{0301}", "<|endoftext|>"])
        #expect(words(0, 11) == [" Hel\u{0301}", "<|endoftext|>"])
    }

    @Test(arguments: ["zh", "ja", "th", "lo", "my", "yue"])
    func withoutSpacesEveryPieceIsAWord(language: String) {
        #expect(words(9, 10, 0, 1, language: language) == ["你", "好", " Hel", "lo", "<|endoftext|>"])
        #expect(words(9, 10, language: "ko") == ["你好", "<|endoftext|>"])
    }

    @Test func partsOfACharacterWaitForTheRest() {
        // Three ids for one character, and a first part that nothing follows.
        let coder = PieceCoder(pieces: ["e4", "bd", "a0", "20e4"])
        let splitter = WordSplitter(language: "zh", coder: coder)
        #expect(splitter.split([0, 1, 2, 300]).map(\.tokens) == [[0, 1, 2], [300]])
        #expect(splitter.split([3, 300]).map(\.text) == [" \u{FFFD}", "<|endoftext|>"])
        // Two parts are one broken character in the whole text, so the second never fits.
        #expect(splitter.split([0, 1, 300]).map(\.tokens) == [[0]])
    }
}
