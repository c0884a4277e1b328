/// The ids that steer decoding, found by name in a model's own vocabulary.
package struct SpecialTokens: Sendable, Hashable {
    package let endOfText: Int
    package let startOfTranscript: Int
    package let translate: Int
    package let transcribe: Int
    package let startOfLM: Int
    package let startOfPrevious: Int
    package let noSpeech: Int
    package let noTimestamps: Int
    /// The stamp of 0.00 seconds; one token more is 0.02 seconds more.
    package let timestampBegin: Int
    /// Ids of the language tokens; empty for English-only models, which have the tokens and were never taught them.
    package let languages: Range<Int>
    package let isMultilingual: Bool

    /// The stamp of 30.00 seconds, the last one.
    package var timestampEnd: Int { timestampBegin + Self.timestampSteps }

    /// 30 seconds in steps of 0.02.
    private static let timestampSteps = 1500

    /// The reference's line between English-only and multilingual (`Whisper.is_multilingual`), for the two families
    /// share all names: GPT-2's own vocabulary is one token shorter than the multilingual one.
    private static let smallestMultilingualVocabulary = 51865

    /// - Parameters:
    ///   - names: ids of all tokens that look like `<|this|>`.
    ///   - vocabularySize: rows of the model's token embedding.
    ///   - file: path for messages.
    /// - Throws: `inconsistent` if a token is missing or the ids do not fit the model's vocabulary.
    init(names: [String: Int], vocabularySize: Int, file: String) throws(TokenizerError) {
        func id(_ alternatives: String...) throws(TokenizerError) -> Int {
            for name in alternatives { if let id = names["<|\(name)|>"] { return id } }
            throw TokenizerError(.inconsistent, "\(file): the token <|\(alternatives[0])|> is missing")
        }
        endOfText = try id("endoftext")
        startOfTranscript = try id("startoftranscript")
        translate = try id("translate")
        transcribe = try id("transcribe")
        startOfLM = try id("startoflm")
        startOfPrevious = try id("startofprev")
        noSpeech = try id("nospeech", "nocaptions")
        noTimestamps = try id("notimestamps")
        timestampBegin = names["<|0.00|>"] ?? noTimestamps + 1
        isMultilingual = vocabularySize >= Self.smallestMultilingualVocabulary

        let firstLanguage = startOfTranscript + 1
        guard startOfTranscript > endOfText, translate > firstLanguage, timestampBegin == noTimestamps + 1 else {
            throw TokenizerError(.inconsistent, "\(file): the special tokens are not in Whisper's order")
        }
        for id in [translate, transcribe, startOfLM, startOfPrevious, noSpeech]
        where id <= endOfText || id >= vocabularySize {
            throw TokenizerError(.inconsistent, "\(file): the special token \(id) is outside the model's vocabulary")
        }
        languages = isMultilingual ? firstLanguage..<translate : firstLanguage..<firstLanguage
        guard timestampEnd + 1 == vocabularySize else {
            throw TokenizerError(
                .inconsistent,
                "\(file): its tokens end at \(timestampEnd), but the model has \(vocabularySize) tokens; "
                    + "the file belongs to another model")
        }
    }
}

extension SpecialTokens {
    /// For vocabularies that no file describes: those of tests and of models with random weights.
    package init(
        endOfText: Int, startOfTranscript: Int, translate: Int, transcribe: Int, startOfLM: Int,
        startOfPrevious: Int, noSpeech: Int, noTimestamps: Int, timestampBegin: Int, languages: Range<Int>
    ) {
        self.endOfText = endOfText
        self.startOfTranscript = startOfTranscript
        self.translate = translate
        self.transcribe = transcribe
        self.startOfLM = startOfLM
        self.startOfPrevious = startOfPrevious
        self.noSpeech = noSpeech
        self.noTimestamps = noTimestamps
        self.timestampBegin = timestampBegin
        self.languages = languages
        isMultilingual = !languages.isEmpty
    }

    /// Whisper's layout for a vocabulary that no file describes: ordinary tokens, end of text, start of transcript, the
    /// languages, six more, 1501 stamps. Published vocabularies differ only where ordinary tokens and languages end.
    ///
    /// - Parameter vocabularySize: from 1608 on, what the layout takes without ordinary tokens. Below 51865 it is
    ///   English-only and holds 99 languages; from there on it has GPT-2's 50257 ordinary tokens, and what is left over
    ///   are languages: 51866 has 100.
    package init(vocabularySize: Int) {
        let isMultilingual = vocabularySize >= Self.smallestMultilingualVocabulary
        let timestampBegin = vocabularySize - 1 - Self.timestampSteps
        let translate = timestampBegin - 6
        let endOfText = isMultilingual ? 50257 : translate - 99 - 2
        precondition(endOfText >= 0, "a vocabulary of \(vocabularySize) has no room for Whisper's special tokens")
        let firstLanguage = endOfText + 2
        self.init(
            endOfText: endOfText, startOfTranscript: endOfText + 1, translate: translate, transcribe: translate + 1,
            startOfLM: translate + 2, startOfPrevious: translate + 3, noSpeech: translate + 4,
            noTimestamps: translate + 5, timestampBegin: timestampBegin,
            languages: firstLanguage..<(isMultilingual ? translate : firstLanguage))
    }
}
