import StapesDecoding

/// What every format is written from.
package struct TranscriptView: Sendable, Hashable {
    package var text: String
    package var segments: [Segment]
    /// As a code, like `en`.
    package var language: String

    package init(text: String, segments: [Segment], language: String) {
        self.text = text
        self.segments = segments
        self.language = language
    }
}
