import StapesAudio
import StapesDecoding
import StapesEngine
import StapesTokenizer

extension TranscriptionOptions {
    /// - Parameter positions: of the window.
    func filters(positions: Int) -> FilterOptions {
        FilterOptions(
            suppressTokens: suppressTokens, suppressBlank: suppressBlank, timestamps: timestamps,
            maximumInitialTimestamp: maximumInitialTimestamp, windowStamps: positions)
    }

    /// - Parameter language: the code of the language spoken.
    package func seeking(language: String) -> SeekOptions {
        SeekOptions(
            clipTimestamps: clipTimestamps, noSpeechThreshold: noSpeechThreshold,
            logProbabilityThreshold: logProbabilityThreshold, conditionOnPreviousText: conditionOnPreviousText,
            promptResetOnTemperature: promptResetOnTemperature, initialPrompt: initialPrompt,
            carryInitialPrompt: carryInitialPrompt, prefix: prefix, hotwords: hotwords,
            sampleLength: sampleLength ?? SamplingLimits.sampleLength,
            windowFrames: WindowTime.framesPerStamp * audioContext.windowPositions,
            words: wordTimestamps ? words(language: language) : nil)
    }

    private func words(language: String) -> WordOptions {
        WordOptions(
            language: language, prependedPunctuation: prependedPunctuation ?? WordOptions.prependedPunctuation,
            appendedPunctuation: appendedPunctuation ?? WordOptions.appendedPunctuation,
            hallucinationSilence: hallucinationSilenceThreshold)
    }

    /// What counts as speech: in windows, unless it was said otherwise, shorter pauses part it, and none of it is longer
    /// than a window.
    var speech: VoiceActivityOptions {
        guard batched else { return voiceActivity ?? VoiceActivityOptions() }
        let windowSeconds = WindowTime.seconds(frames: seeking(language: "").windowFrames)
        var options = voiceActivity ?? .batched(windowSeconds: windowSeconds)
        options.maximumSpeechSeconds = min(options.maximumSpeechSeconds ?? windowSeconds, windowSeconds)
        return options
    }

    var fallback: FallbackRule {
        FallbackRule(
            compressionRatioThreshold: compressionRatioThreshold, logProbabilityThreshold: logProbabilityThreshold,
            noSpeechThreshold: noSpeechThreshold)
    }

    /// How a try of the window at frame `seek` chooses its tokens. Every try of every window draws by numbers of its own.
    ///
    /// - Parameter sample: counts the tries of a window.
    func sampling(temperature: Double, seek: Int, sample: Int) -> SamplingOptions {
        let mixed = seed &+ UInt64(seek) &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(sample) &* 0xd1b5_4a32_d192_ed03
        return SamplingOptions(
            temperature: Float(temperature), seed: mixed, beamSize: temperature > 0 ? 1 : beamSize ?? 1,
            patience: patience ?? 1, lengthPenalty: lengthPenalty, repetitionPenalty: Float(repetitionPenalty),
            noRepeatNgramSize: noRepeatNgramSize, keepsLogProbabilities: tokenLogProbabilities ?? false)
    }

    /// The codes of the languages that may be detected; nil for all.
    var allowedLanguageCodes: Set<String>? { allowedLanguages.map { Set($0.compactMap(Languages.code(for:))) } }

    /// Rows that one window takes in a decode step at most.
    package var rowsPerWindow: Int {
        max(temperatures.contains(0) ? beamSize ?? 1 : 1, temperatures.contains { $0 > 0 } ? bestOf ?? 1 : 1)
    }
}
