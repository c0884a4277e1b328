import StapesTokenizer
import Testing

/// The ids of the three families of Whisper models, from vocabularies of their sizes.
struct SpecialTokensTests {
    private func tokenizer(ordinary: Int, languages: Int, noSpeech: String, hasStamps: Bool, size: Int) throws
        -> Tokenizer
    {
        let folder = try VocabularyFolder()
        let tokens =
            VocabularyFolder.padded(to: ordinary) + VocabularyFolder.special(languages: languages, noSpeech: noSpeech)
            + (hasStamps ? VocabularyFolder.stamps : [])
        try folder.write(tokens.joined(separator: "\n") + "\n", to: "vocabulary.txt")
        return try Tokenizer(directory: folder.path, vocabularySize: size)
    }

    private func ids(_ special: SpecialTokens) -> [Int] {
        [
            special.endOfText, special.startOfTranscript, special.translate, special.transcribe, special.startOfLM,
            special.startOfPrevious, special.noSpeech, special.noTimestamps, special.timestampBegin,
            special.timestampEnd,
        ]
    }

    @Test("an English-only vocabulary has its ids and no languages", arguments: [true, false])
    func englishOnly(hasStamps: Bool) throws {
        let tokenizer = try tokenizer(
            ordinary: 50256, languages: 99, noSpeech: "nocaptions", hasStamps: hasStamps, size: 51864)
        #expect(
            ids(tokenizer.special)
                == [50256, 50257, 50357, 50358, 50359, 50360, 50361, 50362, 50363, 51863])
        #expect(tokenizer.special.languages.isEmpty && !tokenizer.special.isMultilingual)
        #expect(tokenizer.languageToken("en") == nil)
        #expect(tokenizer.languageCode(50258) == nil)
    }

    @Test("a multilingual vocabulary has its ids and 99 languages", arguments: [true, false])
    func multilingual(hasStamps: Bool) throws {
        let tokenizer = try tokenizer(
            ordinary: 50257, languages: 99, noSpeech: "nocaptions", hasStamps: hasStamps, size: 51865)
        #expect(
            ids(tokenizer.special)
                == [50257, 50258, 50358, 50359, 50360, 50361, 50362, 50363, 50364, 51864])
        #expect(tokenizer.special.languages == 50259..<50358 && tokenizer.special.isMultilingual)
        #expect(tokenizer.languageToken("en") == 50259)
        #expect(tokenizer.languageToken("yue") == nil)
        #expect(tokenizer.special.languages.map { tokenizer.languageCode($0) } == Languages.all.prefix(99).map(\.code))
    }

    @Test("large-v3's vocabulary has its ids and 100 languages", arguments: [true, false])
    func largeV3(hasStamps: Bool) throws {
        let tokenizer = try tokenizer(
            ordinary: 50257, languages: 100, noSpeech: "nospeech", hasStamps: hasStamps, size: 51866)
        #expect(
            ids(tokenizer.special)
                == [50257, 50258, 50359, 50360, 50361, 50362, 50363, 50364, 50365, 51865])
        #expect(tokenizer.languageToken("yue") == 50358)
        #expect(tokenizer.languageCode(50358) == "yue")
        #expect(tokenizer.languageCode(50359) == nil)
    }

    @Test("a vocabulary that does not fit the model is refused")
    func wrongSize() throws {
        let error = #expect(throws: TokenizerError.self) {
            try tokenizer(ordinary: 50257, languages: 99, noSpeech: "nospeech", hasStamps: true, size: 51866)
        }
        #expect(error?.code == .inconsistent)
        #expect(error?.message.contains("51866") == true)
    }

    @Test(
        "without a file, the size of a published vocabulary gives its ids",
        arguments: [
            (51864, [50256, 50257, 50357, 50358, 50359, 50360, 50361, 50362, 50363, 51863], 50258..<50258),
            (51865, [50257, 50258, 50358, 50359, 50360, 50361, 50362, 50363, 50364, 51864], 50259..<50358),
            (51866, [50257, 50258, 50359, 50360, 50361, 50362, 50363, 50364, 50365, 51865], 50259..<50359),
        ])
    func layoutOfSize(vocabularySize: Int, expected: [Int], languages: Range<Int>) {
        let special = SpecialTokens(vocabularySize: vocabularySize)
        #expect(ids(special) == expected)
        #expect(special.languages == languages)
        #expect(special.isMultilingual == (vocabularySize != 51864))
    }

    @Test("without a file, small vocabularies are laid out as English-only ones", arguments: [1608, 2001])
    func layoutOfSmallSize(vocabularySize: Int) {
        let special = SpecialTokens(vocabularySize: vocabularySize)
        #expect(special.endOfText == vocabularySize - 1608)
        #expect(special.timestampEnd == vocabularySize - 1)
        #expect(special.languages.isEmpty)
    }
}
