/// What decoding one window yielded.
package struct WindowResult: Sendable, Hashable {
    /// The sampled ids without the end of text.
    package var tokens: [Int]
    /// Over the sampled ids and the end of text.
    package var sumLogProbability: Double
    package var noSpeechProbability: Double
    package var temperature: Double
    /// Of each of `tokens`; nil unless they were asked for.
    package var tokenLogProbabilities: [Float]?

    package init(
        tokens: [Int], sumLogProbability: Double, noSpeechProbability: Double, temperature: Double = 0,
        tokenLogProbabilities: [Float]? = nil
    ) {
        precondition(
            tokenLogProbabilities?.count ?? tokens.count == tokens.count, "there is a log-probability of every token")
        self.tokens = tokens
        self.sumLogProbability = sumLogProbability
        self.noSpeechProbability = noSpeechProbability
        self.temperature = temperature
        self.tokenLogProbabilities = tokenLogProbabilities
    }

    /// Per sampled id, the end of text counted.
    package var averageLogProbability: Double {
        sumLogProbability / Double(tokens.count + 1)
    }

    /// The window's text without white space at its ends.
    package func text(_ coder: some TextCoder) -> String {
        coder.decode(tokens).strippingWhitespace()
    }

    package func compressionRatio(_ coder: some TextCoder) -> Double {
        CompressionRatio.of(text(coder))
    }
}
