import StapesDecoding

/// What a text must not do to the file around it. Where the reference writes a text as it is and the file breaks, these
/// differ from it; all other texts pass unchanged.
extension String {
    /// Without NUL, which ends the text for some readers and makes the file a binary one for others; WebVTT replaces it
    /// by the same sign.
    var withoutNUL: String { replacing(bytes: "\0", with: "\u{FFFD}") }

    /// For a row or line of its own: every line end becomes a space.
    var onOneLine: String { withoutNUL.replacing(bytes: "\n", with: " ").replacing(bytes: "\r", with: " ") }

    /// For a cue: no arrow, which would be read as the times of another one, and no empty line, which would end it.
    var asCueText: String {
        var text = withoutNUL
        while text.utf8.contains(Array("-->".utf8)) {
            text = text.replacing(bytes: "-->", with: "->")
        }
        return text.withoutInnerBlankLines
    }

    /// Blank lines at the end stay: the one after a cue follows anyway.
    private var withoutInnerBlankLines: String {
        guard utf8.contains(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) else { return self }
        let lines = replacing(bytes: "\r\n", with: "\n").replacing(bytes: "\r", with: "\n")
            .unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let isBlank = lines.map { $0.strippingWhitespace().isEmpty }
        guard let last = isBlank.lastIndex(of: false) else { return self }
        let kept = lines.indices.filter { $0 >= last || !isBlank[$0] }
        return kept.map { lines[$0] }.joined(separator: "\n")
    }
}
