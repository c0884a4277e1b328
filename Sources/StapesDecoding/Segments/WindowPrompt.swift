import StapesTokenizer

/// What the decoder is given before it samples a window's first id.
package struct WindowPrompt: Sendable, Hashable {
    /// `[startOfPrevious, hotwords..., history...]`, if there are any, then the start sequence, then the prefix.
    package var tokens: [Int]
    /// Position of the start of the transcript: its logits tell the no-speech probability.
    package var sotIndex: Int

    /// Position of the first sampled id.
    package var sampleBegin: Int { tokens.count }

    /// - Parameters:
    ///   - hotwords: from `hotwordTokens`.
    ///   - history: earlier text, at most `SamplingLimits.historyLength` ids.
    ///   - prefix: from `prefixTokens`.
    package init(
        hotwords: [Int] = [], history: [Int], startSequence: [Int], prefix: [Int], special: SpecialTokens
    ) {
        // faster-whisper lets hotwords and history fill the decoder and then fails; here history makes room.
        let room = SamplingLimits.context - 1 - startSequence.count - prefix.count - hotwords.count
        let lead = hotwords + history.suffix(max(0, room))
        let previous = lead.isEmpty ? [] : [special.startOfPrevious] + lead
        tokens = previous + startSequence + prefix
        sotIndex = previous.count
    }

    /// The ids of hotwords, as faster-whisper cuts them: half of the decoder less one.
    static func hotwordTokens(_ text: String?, hasPrefix: Bool, coder: some TextCoder) -> [Int] {
        guard let text, !text.isEmpty, !hasPrefix else { return [] }
        return Array(coder.encode(" " + text.strippingWhitespace()).prefix(SamplingLimits.historyLength))
    }

    /// The ids of a prefix, as far as they fit.
    ///
    /// The reference keeps the last `224 - sampleLength` ids, which with the default length means all of them. It fails
    /// when the prompt outgrows the decoder; here a prefix never takes more than the half that the history leaves.
    static func prefixTokens(_ text: String?, startCount: Int, options: SeekOptions, coder: some TextCoder) -> [Int] {
        guard let text, !text.isEmpty else { return [] }
        let half = SamplingLimits.context / 2
        return coder.encode(" " + text.strippingWhitespace())
            .referenceTail(half - options.sampleLength)
            .suffix(half - startCount)
    }
}
