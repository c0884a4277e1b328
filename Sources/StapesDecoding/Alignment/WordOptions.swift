/// How words are told apart and timed.
package struct WordOptions: Sendable, Hashable {
    /// The code of the language spoken; it decides whether words are told apart by spaces.
    package var language: String
    /// Signs that belong to the word after them.
    package var prependedPunctuation: String
    /// Signs that belong to the word before them.
    package var appendedPunctuation: String
    /// Silences longer than this, in seconds, are skipped where the text around them looks made up; nil skips none.
    package var hallucinationSilence: Double?

    package static let prependedPunctuation = "\"'“¿([{-"
    package static let appendedPunctuation = "\"'.。,，!！?？:：”)]}、"

    package init(
        language: String, prependedPunctuation: String = Self.prependedPunctuation,
        appendedPunctuation: String = Self.appendedPunctuation, hallucinationSilence: Double? = nil
    ) {
        self.language = language
        self.prependedPunctuation = prependedPunctuation
        self.appendedPunctuation = appendedPunctuation
        self.hallucinationSilence = hallucinationSilence
    }
}
