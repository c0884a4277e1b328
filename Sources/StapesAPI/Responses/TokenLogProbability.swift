/// A token of the text, and how likely it was.
package struct TokenLogProbability: Sendable, Hashable {
    /// With a replacement sign where its bytes are part of a letter.
    package var token: String
    package var bytes: [UInt8]
    package var logProbability: Double

    package init(token: String, bytes: [UInt8], logProbability: Double) {
        self.token = token
        self.bytes = bytes
        self.logProbability = logProbability
    }

    package var document: JSONDocument {
        [
            "token": .string(token), "bytes": .array(bytes.map { .integer(Int($0)) }),
            // What OpenAI writes for a token that could not be; JSON has no infinity.
            "logprob": .number(logProbability.isFinite ? logProbability : -9999),
        ]
    }
}
