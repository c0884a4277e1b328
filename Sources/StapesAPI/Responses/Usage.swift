/// What a request is billed by at OpenAI's Whisper: its audio's duration.
package struct Usage: Sendable, Hashable {
    package let seconds: Double

    package init(seconds: Double) { self.seconds = seconds }

    package var document: JSONDocument {
        // Whole seconds, begun ones included.
        ["type": "duration", "seconds": .integer(Int(exactly: seconds.rounded(.up)).map { max(0, $0) } ?? 0)]
    }
}
