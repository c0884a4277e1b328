/// When a window's result is not good enough, and is sampled again at a higher temperature
/// (`decode_with_fallback` of the reference; decoding.md, section 4).
package struct FallbackRule: Sendable, Hashable {
    /// Above it a text repeats itself too much; nil turns the test off.
    package var compressionRatioThreshold: Double?
    /// Below it a text is too unlikely; nil turns the test off.
    package var logProbabilityThreshold: Double?
    /// Above it, a text that is too unlikely is silence, and good enough.
    package var noSpeechThreshold: Double?

    package init(
        compressionRatioThreshold: Double? = 2.4, logProbabilityThreshold: Double? = -1.0,
        noSpeechThreshold: Double? = 0.6
    ) {
        self.compressionRatioThreshold = compressionRatioThreshold
        self.logProbabilityThreshold = logProbabilityThreshold
        self.noSpeechThreshold = noSpeechThreshold
    }

    package func needsFallback(
        compressionRatio: Double, averageLogProbability: Double, noSpeechProbability: Double
    ) -> Bool {
        let repeats = compressionRatioThreshold.map { compressionRatio > $0 } ?? false
        let isUnlikely = logProbabilityThreshold.map { averageLogProbability < $0 } ?? false
        let isSilent = noSpeechThreshold.map { noSpeechProbability > $0 } ?? false
        return (repeats || isUnlikely) && !(isSilent && isUnlikely)
    }
}
