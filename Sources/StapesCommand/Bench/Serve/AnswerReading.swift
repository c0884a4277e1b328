import FoundationEssentials

/// What an answer of the API says.
package enum AnswerReading {
    /// The body of `json` and `verbose_json`.
    private struct Transcript: Decodable {
        let text: String
    }

    private struct Refusal: Decodable {
        struct Detail: Decodable {
            let message: String
        }

        let error: Detail
    }

    /// - Returns: the transcript; for formats with times the whole body. Nil when there is none in it.
    package static func text(_ body: [UInt8], format: ResponseFormat) -> String? {
        switch format {
        case .json, .verboseJson: (try? JSONDecoder().decode(Transcript.self, from: Data(body)))?.text
        case .text, .srt, .vtt: String(validating: body, as: UTF8.self)
        }
    }

    /// The server's own words for an error, or the beginning of what came instead.
    package static func refusal(_ answer: HTTPAnswer) -> String {
        let words = (try? JSONDecoder().decode(Refusal.self, from: Data(answer.body)))?.error.message
        return "status \(answer.status): \(words ?? String(decoding: answer.body.prefix(200), as: UTF8.self))"
    }
}

package enum ResponseFormat: String, Sendable, CaseIterable {
    case json
    case text
    case srt
    case verboseJson = "verbose_json"
    case vtt

    /// Whether an answer can be compared with what was said.
    var isPlain: Bool { self != .srt && self != .vtt }
}
