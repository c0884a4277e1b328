/// What a request is billed by at OpenAI: Whisper by its audio's duration, newer models by tokens.
package enum Usage: Sendable, Hashable {
    case duration(seconds: Double)
    case tokens(TokenUsage)

    package var document: JSONDocument {
        switch self {
        case .duration(let seconds):
            // Whole seconds, begun ones included.
            ["type": "duration", "seconds": .integer(Int(exactly: seconds.rounded(.up)).map { max(0, $0) } ?? 0)]
        case .tokens(let tokens): tokens.document
        }
    }
}
