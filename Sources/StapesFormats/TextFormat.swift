import StapesDecoding

/// One segment a line; a blank segment is an empty line.
func renderText(_ transcript: TranscriptView) -> String {
    var output = ""
    for segment in transcript.segments {
        output += segment.text.strippingWhitespace()
        output += "\n"
    }
    return output
}
