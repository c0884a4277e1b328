import StapesDecoding

/// A line a segment with the time it begins, as whisper.cpp writes it, minutes not bounded by an hour.
func renderLyrics(_ transcript: TranscriptView) -> String {
    var output = "[by:stapes]\n"
    for segment in transcript.segments {
        let text = segment.text.onOneLine
        output += "[" + Timestamp.lyrics(segment.start) + "]"
        // Players read a bracket right after the time as one more time or tag.
        if text.utf8.first == UInt8(ascii: "[") { output += " " }
        output += text + "\n"
    }
    return output
}
