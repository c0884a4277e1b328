import StapesTokenizer

/// The choice at temperature zero: the truth that every device's kernel is tested against.
package enum GreedyRule {
    /// The likeliest id that the mask allows, and the logarithm of its probability among the allowed ids.
    ///
    /// Of equal logits the lowest id wins, as in the reference (`torch.argmax` returns the first). Probabilities are
    /// those of the float32 logits; sums are kept in double. A row in which nothing is left, or nothing is a number,
    /// ends the text with the logarithm of zero: it has no likely continuation.
    /// - Parameters:
    ///   - logits: `[vocabulary]`, or longer when the row is padded.
    ///   - suppressList: sorted; applied when the mask says so.
    package static func select(
        logits: UnsafeBufferPointer<Float>, mask: LogitMask, suppressList: [Int], special: SpecialTokens
    ) -> (token: Int, logProbability: Float) {
        let runs = AllowedRuns(count: logits.count, mask: mask, suppressList: suppressList)
        let textIDs = 0..<special.timestampBegin
        let stampIDs = special.timestampBegin..<max(special.timestampBegin, logits.count)
        var text = LogitPeak()
        var stamps = LogitPeak()
        for run in runs {
            text.update(logits, in: run.clamped(to: textIDs))
            stamps.update(logits, in: run.clamped(to: stampIDs))
        }
        guard text.token >= 0 || stamps.token >= 0 else { return (special.endOfText, -.infinity) }

        let stampMass = logSumExp(stamps, logits, runs, stampIDs)
        // Comparing log-probabilities: the normaliser is the same on both sides and falls out.
        let onlyStamps = mask.timestampMassRule && stampMass > Double(text.logit)
        if onlyStamps {
            return (stamps.token, Float(Double(stamps.logit) - stampMass))
        }
        let all = logAddExp(logSumExp(text, logits, runs, textIDs), stampMass)
        let best = text.logit >= stamps.logit ? text : stamps
        return (best.token, Float(Double(best.logit) - all))
    }

    private static func logSumExp(
        _ peak: LogitPeak, _ logits: UnsafeBufferPointer<Float>, _ runs: AllowedRuns, _ ids: Range<Int>
    ) -> Double {
        guard peak.token >= 0 else { return -.infinity }
        var mass = 0.0
        for run in runs {
            mass += peak.mass(logits, in: run.clamped(to: ids))
        }
        return peak.logSumExp(mass: mass)
    }
}
