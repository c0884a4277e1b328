import StapesTokenizer

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The choice above temperature zero: the truth that every device's kernel is tested against (decoding.md, section 3).
package enum SamplingRule {
    /// The id at which the distribution of the allowed ids at `temperature`, summed up in the order of ids, passes
    /// `share` of its whole; and the logarithm of that id's probability at temperature one, as the reference counts it.
    ///
    /// - Parameters:
    ///   - logits: `[vocabulary]`, or longer when the row is padded.
    ///   - suppressList: sorted; applied when the mask says so.
    ///   - share: a random number, from 0 up to but not 1.
    package static func select(
        logits: UnsafeBufferPointer<Float>, mask: LogitMask, suppressList: [Int], special: SpecialTokens,
        temperature: Double, share: Double
    ) -> (token: Int, logProbability: Float) {
        let likeliest = GreedyRule.select(logits: logits, mask: mask, suppressList: suppressList, special: special)
        guard likeliest.logProbability > -.infinity else { return likeliest }
        let allowed = allowedIDs(logits, mask, suppressList, special)
        let best = Double(logits[likeliest.token])
        let weights = allowed.map { exp((Double(logits[$0]) - best) / temperature) }
        var rest = share * weights.reduce(0, +)
        var chosen = likeliest.token
        for (id, weight) in zip(allowed, weights) where weight > 0 {
            chosen = id
            rest -= weight
            if rest < 0 { break }
        }
        return (chosen, likeliest.logProbability + logits[chosen] - logits[likeliest.token])
    }

    /// What all filters leave, the rule about the stamps' mass included.
    private static func allowedIDs(
        _ logits: UnsafeBufferPointer<Float>, _ mask: LogitMask, _ suppressList: [Int], _ special: SpecialTokens
    ) -> [Int] {
        let runs = AllowedRuns(count: logits.count, mask: mask, suppressList: suppressList)
        let ids = runs.flatMap { $0 }.filter { logits[$0] > -.infinity }
        guard mask.timestampMassRule else { return ids }
        let likeliestText = ids.lazy.filter { $0 < special.timestampBegin }.map { logits[$0] }.max() ?? -.infinity
        let stamps = ids.filter { $0 >= special.timestampBegin }
        guard let peak = stamps.map({ Double(logits[$0]) }).max() else { return ids }
        let mass = peak + log(stamps.reduce(0) { $0 + exp(Double(logits[$1]) - peak) })
        return mass > Double(likeliestText) ? stamps : ids
    }
}
