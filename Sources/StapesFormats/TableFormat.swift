import StapesDecoding

/// Start, end and text separated by tabs; times in whole milliseconds, so no decimal mark can be misread.
func renderTable(_ transcript: TranscriptView) -> String {
    var output = "start\tend\ttext\n"
    for segment in transcript.segments {
        output += "\(Timestamp.milliseconds(segment.start))\t\(Timestamp.milliseconds(segment.end))\t"
        output += segment.text.strippingWhitespace().replacing(bytes: "\t", with: " ")
        output += "\n"
    }
    return output
}
