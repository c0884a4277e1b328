import StapesDecoding

/// What was heard in a stretch of live audio.
///
/// A result takes the place of the one before it unless that one was final. Final results follow one another without
/// overlap and are not taken back.
public struct LiveResult: Sendable, Hashable {
    /// The text of the segments.
    public var text: String
    /// With ids and times as if the audio so far were one file. Empty if what was heard before turned out to be nothing.
    public var segments: [Segment]
    /// False for what may still be heard otherwise.
    public var isFinal: Bool
    /// Seconds from the beginning of the audio.
    public var range: Range<Double>
    /// The language's code.
    public var language: String

    public init(text: String, segments: [Segment], isFinal: Bool, range: Range<Double>, language: String) {
        self.text = text
        self.segments = segments
        self.isFinal = isFinal
        self.range = range
        self.language = language
    }
}
