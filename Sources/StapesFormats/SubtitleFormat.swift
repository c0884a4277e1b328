import StapesDecoding

/// The two subtitle formats are one, but for a head, numbers and the way a time is written.
struct SubtitleStyle: Sendable {
    var head: String
    var numbersCues: Bool
    var alwaysHours: Bool
    var decimalMark: Character

    static let webVTT = SubtitleStyle(head: "WEBVTT\n\n", numbersCues: false, alwaysHours: false, decimalMark: ".")
    static let subRip = SubtitleStyle(head: "", numbersCues: true, alwaysHours: true, decimalMark: ",")
}

/// One cue per segment, each followed by an empty line.
///
/// A blank segment is a cue without text, as in the reference. A file with nothing but blank segments has no cues:
/// the reference gives blank segments an empty word list and, finding one first, writes words instead of segments.
/// (When speech follows such a first segment, the reference fails; here the cues are written.)
func renderSubtitles(_ transcript: TranscriptView, style: SubtitleStyle) -> String {
    var output = style.head
    guard !transcript.segments.allSatisfy(\.isBlank) else { return output }
    for (index, segment) in transcript.segments.enumerated() {
        if style.numbersCues {
            output += "\(index + 1)\n"
        }
        output += Timestamp.clock(segment.start, alwaysHours: style.alwaysHours, decimalMark: style.decimalMark)
        output += " --> "
        output += Timestamp.clock(segment.end, alwaysHours: style.alwaysHours, decimalMark: style.decimalMark)
        output += "\n"
        // An arrow inside the text would be read as the times of another cue.
        output += segment.text.strippingWhitespace().replacing(bytes: "-->", with: "->")
        output += "\n\n"
    }
    return output
}
