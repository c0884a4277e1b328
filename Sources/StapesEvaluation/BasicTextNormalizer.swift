/// Whisper's normalizer for languages other than English: lower case, no annotations, no symbols.
package struct BasicTextNormalizer: Sendable {
    private let removesDiacritics: Bool
    private let splitsLetters: Bool

    /// - Parameters:
    ///   - removesDiacritics: whether letters lose their accents.
    ///   - splitsLetters: whether a space goes between all grapheme clusters.
    package init(removesDiacritics: Bool = false, splitsLetters: Bool = false) {
        self.removesDiacritics = removesDiacritics
        self.splitsLetters = splitsLetters
    }

    package func normalize(_ text: String) -> String {
        let spoken = Scalars(text).lowercased().removingAnnotations()
        var clean = (removesDiacritics ? spoken.removingSymbolsAndDiacritics() : spoken.removingSymbols()).lowercased()
        if splitsLetters { clean = Scalars(String(clean).map(String.init).joined(separator: " ")) }
        return String(clean.collapsingSpaces())
    }
}
