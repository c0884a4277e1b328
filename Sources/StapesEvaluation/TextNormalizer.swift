/// Brings transcripts to a common form before they are compared: Whisper's rules for the language.
package struct TextNormalizer: Sendable {
    private enum Rules {
        case english(EnglishTextNormalizer)
        case basic(BasicTextNormalizer)
    }

    private let rules: Rules
    /// Whether the language is scored by characters, for its words are not set apart by spaces, or not reliably.
    private let countsCharacters: Bool

    /// - Parameters:
    ///   - language: Whisper's code (`en`, `zh`).
    ///   - spellings: for English; without them British and American spellings differ.
    package init(language: String, spellings: Spellings? = nil) {
        rules = language == "en" ? .english(EnglishTextNormalizer(spellings: spellings)) : .basic(BasicTextNormalizer())
        countsCharacters = ["zh", "ja", "ko"].contains(language)
    }

    package func normalize(_ text: String) -> String {
        switch rules {
        case .english(let normalizer): normalizer.normalize(text)
        case .basic(let normalizer): normalizer.normalize(text)
        }
    }

    /// The errors of a transcript, by words, or by characters without spaces for Chinese, Japanese and Korean.
    package func errorCount(reference: String, hypothesis: String) -> ErrorCount {
        let reference = Scalars(normalize(reference))
        let hypothesis = Scalars(normalize(hypothesis))
        if countsCharacters {
            return ErrorCount(
                reference: reference.filter { !$0.isSpace }, hypothesis: hypothesis.filter { !$0.isSpace })
        }
        return ErrorCount(
            reference: reference.split(whereSeparator: \.isSpace),
            hypothesis: hypothesis.split(whereSeparator: \.isSpace))
    }
}

/// The errors of one transcript; see `TextNormalizer.errorCount`.
package func errorCount(
    reference: String, hypothesis: String, language: String, spellings: Spellings? = nil
) -> ErrorCount {
    TextNormalizer(language: language, spellings: spellings).errorCount(reference: reference, hypothesis: hypothesis)
}
