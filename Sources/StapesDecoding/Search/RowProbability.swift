import StapesTokenizer

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Probabilities read from raw logits, before any filter.
package enum RowProbability {
    /// The probability that the window holds no speech, among all ids.
    /// - Parameter logits: `[vocabulary]`, at the position of the start of the transcript.
    package static func noSpeech(logits: UnsafeBufferPointer<Float>, special: SpecialTokens) -> Float {
        softmax(logits, over: 0..<logits.count, wanted: special.noSpeech..<special.noSpeech + 1)[0]
    }

    /// The probability of each language among all languages, in the order of their ids; empty for English-only models.
    /// - Parameter logits: `[vocabulary]`, at the start of the transcript, which is all the decoder was given.
    package static func languages(logits: UnsafeBufferPointer<Float>, special: SpecialTokens) -> [Float] {
        softmax(logits, over: special.languages, wanted: special.languages)
    }

    /// The probability of an id of text among all of them, as word times count it.
    /// - Parameter logits: `[vocabulary]`, at the position before the id's.
    package static func text(_ token: Int, logits: UnsafeBufferPointer<Float>, special: SpecialTokens) -> Float {
        precondition(token < special.endOfText, "only ids of text are weighed against ids of text")
        return softmax(logits, over: 0..<special.endOfText, wanted: token..<token + 1)[0]
    }

    private static func softmax(
        _ logits: UnsafeBufferPointer<Float>, over ids: Range<Int>, wanted: Range<Int>
    ) -> [Float] {
        var peak = LogitPeak()
        peak.update(logits, in: ids)
        guard peak.token >= 0 else { return wanted.map { _ in 0 } }
        let mass = peak.mass(logits, in: ids)
        return wanted.map { Float(Double(expf(logits[$0] - peak.logit)) / mass) }
    }
}
