import StapesDecoding

/// The text of a stream in increments, which together are the transcript's trimmed text: white space waits until
/// something follows it.
package struct DeltaText: Sendable {
    /// All increments so far.
    package private(set) var text = ""
    private var heldBack = ""

    package init() {}

    /// - Parameter piece: the text that comes next, with the space it begins with.
    /// - Returns: what can be sent, which may be empty.
    package mutating func append(_ piece: String) -> String {
        let scalars = piece.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.isStripped }),
            let last = scalars.lastIndex(where: { !$0.isStripped })
        else {
            heldBack += piece
            return ""
        }
        let increment = text.isEmpty ? String(scalars[first...last]) : heldBack + String(scalars[...last])
        heldBack = String(scalars[scalars.index(after: last)...])
        text += increment
        return increment
    }
}
