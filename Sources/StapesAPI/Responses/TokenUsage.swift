/// What a request cost, in tokens.
package struct TokenUsage: Sendable, Hashable {
    /// Of the prompt.
    package var inputTextTokens: Int
    /// Positions of the encoder.
    package var inputAudioTokens: Int
    package var outputTokens: Int

    package init(inputTextTokens: Int = 0, inputAudioTokens: Int = 0, outputTokens: Int = 0) {
        self.inputTextTokens = inputTextTokens
        self.inputAudioTokens = inputAudioTokens
        self.outputTokens = outputTokens
    }

    package var document: JSONDocument {
        let input = inputTextTokens + inputAudioTokens
        return [
            "type": "tokens", "input_tokens": .integer(input), "output_tokens": .integer(outputTokens),
            "total_tokens": .integer(input + outputTokens),
            "input_token_details": [
                "text_tokens": .integer(inputTextTokens), "audio_tokens": .integer(inputAudioTokens),
            ],
        ]
    }
}
