import Stapes
import StapesDecoding
import StapesFormats

/// Results as text: the files' formats, and the lines on the screen.
enum Rendering {
    static func render(
        _ transcription: Transcription, as format: OutputFormat, layout: LayoutOptions
    ) -> String {
        StapesFormats.render(
            TranscriptView(
                text: transcription.text, segments: transcription.segments, language: transcription.language),
            as: format, layout: layout)
    }

    /// `[00:00.000 --> 00:05.000] text`; nil when there is no text to show.
    static func timedLine(_ segment: Segment) -> String? {
        let text = segment.text.strippingWhitespace()
        if text.isEmpty { return nil }
        return "[\(time(segment.start)) --> \(time(segment.end))] \(text)\n"
    }

    private static func time(_ seconds: Double) -> String {
        Timestamp.clock(seconds, alwaysHours: false, decimalMark: ".")
    }
}
