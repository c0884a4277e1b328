/// The form of a transcript; the raw value is the field's.
package enum ResponseFormat: String, Sendable, Hashable, CaseIterable {
    case json
    case text
    case srt
    case vtt
    case verboseJSON = "verbose_json"

    package var contentType: String {
        switch self {
        case .json, .verboseJSON: "application/json"
        case .text, .srt: "text/plain; charset=utf-8"
        case .vtt: "text/vtt; charset=utf-8"
        }
    }

    /// Whether the transcript can be sent while it comes to be. The other forms say something of the whole, or are
    /// files.
    package var streams: Bool { self == .json || self == .text }
}
