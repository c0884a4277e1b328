import StapesDecoding

/// One segment a line; a blank segment is an empty line.
func renderText(_ transcript: TranscriptView) -> String {
    transcript.segments.map(renderTextLine).joined()
}

/// A segment as the text format has it, with its line end.
package func renderTextLine(_ segment: Segment) -> String {
    segment.text.strippingWhitespace().withoutNUL + "\n"
}
