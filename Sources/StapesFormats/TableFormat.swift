import StapesDecoding

/// Start, end and text separated by tabs; times in whole milliseconds, so no decimal mark can be misread.
func renderTabTable(_ transcript: TranscriptView) -> String {
    var output = "start\tend\ttext\n"
    for segment in transcript.segments {
        output += "\(Timestamp.milliseconds(segment.start))\t\(Timestamp.milliseconds(segment.end))\t"
        output += segment.text.strippingWhitespace().onOneLine.replacing(bytes: "\t", with: " ")
        output += "\n"
    }
    return output
}

/// The same separated by commas, as whisper.cpp writes it: the text in quotes, with the space it begins with.
func renderCommaTable(_ transcript: TranscriptView) -> String {
    var output = "start,end,text\n"
    for segment in transcript.segments {
        output += "\(Timestamp.milliseconds(segment.start)),\(Timestamp.milliseconds(segment.end)),"
        output += "\"" + segment.text.onOneLine.replacing(bytes: "\"", with: "\"\"") + "\"\n"
    }
    return output
}
