import StapesDecoding

/// What a streamed answer consists of. There are no other kinds: clients take one they do not know for a segment.
package enum StreamEvent: Sendable, Hashable {
    /// What the text grows by.
    case delta(String, logProbabilities: [TokenLogProbability]? = nil)
    /// For those who asked for it; OpenAI's own also names a speaker.
    case segment(Segment)
    /// The whole text.
    case done(text: String, usage: TokenUsage, logProbabilities: [TokenLogProbability]? = nil)
    /// The last event but the end.
    case error(APIError)

    package static let contentType = "text/event-stream"
    /// Comes last; clients can do without it.
    package static let end = "data: [DONE]\n\n"
    /// Ignored by clients, but for their clocks.
    package static let ping = ": ping\n\n"

    /// A server-sent event.
    package var frame: String { "data: \(Self.onOneLine(document.text))\n\n" }

    private var document: JSONDocument {
        switch self {
        case .delta(let text, let logProbabilities):
            ["type": "transcript.text.delta", "delta": .string(text)] + Self.members(logProbabilities)
        case .segment(let segment):
            [
                "type": "transcript.text.segment", "id": "seg_\(segment.id)", "start": .number(segment.start),
                "end": .number(segment.end), "text": .string(segment.text.strippingWhitespace()),
            ]
        case .done(let text, let usage, let logProbabilities):
            ["type": "transcript.text.done", "text": .string(text)] + Self.members(logProbabilities)
                + [.init("usage", usage.document)]
        case .error(let error): ErrorBody.document(error)
        }
    }

    private static func members(_ logProbabilities: [TokenLogProbability]?) -> [JSONDocument.Member] {
        guard let logProbabilities else { return [] }
        return [.init("logprobs", .array(logProbabilities.map(\.document)))]
    }

    /// JSON leaves these as they are, but some clients cut lines at them. They only stand within strings.
    private static func onOneLine(_ json: String) -> String {
        let lineEnds: Set<Unicode.Scalar> = ["\u{85}", "\u{2028}", "\u{2029}"]
        guard json.unicodeScalars.contains(where: lineEnds.contains) else { return json }
        var line = ""
        for scalar in json.unicodeScalars {
            if lineEnds.contains(scalar) {
                line += "\\u" + scalar.value.hexDigits(4)
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}
