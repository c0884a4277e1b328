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

/// Cues, each followed by an empty line.
func renderSubtitles(_ transcript: TranscriptView, style: SubtitleStyle, layout: LayoutOptions) -> String {
    let alwaysHours = style.alwaysHours || layout.alwaysShowsHours
    var output = style.head
    for (index, cue) in cues(of: transcript.segments, layout: layout).enumerated() {
        if style.numbersCues {
            output += "\(index + 1)\n"
        }
        output += Timestamp.clock(milliseconds: cue.start, alwaysHours: alwaysHours, decimalMark: style.decimalMark)
        output += " --> "
        output += Timestamp.clock(milliseconds: cue.end, alwaysHours: alwaysHours, decimalMark: style.decimalMark)
        output += "\n"
        output += cue.text.asCueText
        output += "\n\n"
    }
    return output
}

/// The words laid out where they are known, else one cue per segment.
///
/// A blank segment is a cue without text, as in the reference. A file with nothing but blank segments has no cues:
/// the reference gives blank segments an empty word list and, finding one first, writes words instead of segments.
/// (When speech without words follows such a first segment, the reference fails; here the segments are written.)
private func cues(of segments: [Segment], layout: LayoutOptions) -> [Cue] {
    if segments.allSatisfy({ $0.isBlank || $0.words != nil }) {
        return CueLayout.cues(of: segments, options: layout)
    }
    return segments.map { Cue($0.start, $0.end, text: $0.text.strippingWhitespace()) }
}
