import StapesEngine
import StapesTokenizer

extension TranscriptionOptions {
    /// What can be said of the options before a model is there.
    ///
    /// - Throws: `invalidOption`, naming what is wrong.
    package func check() throws(StapesError) {
        guard !temperatures.isEmpty, temperatures.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
            throw StapesError(.invalidOption, "temperatures are one number or more, each 0 or more")
        }
        if let allowedLanguages { try check(allowedLanguages) }
        if let beamSize { try Self.check(beamSize, in: 1...SamplingOptions.largestBeam, "a beam of \(beamSize)") }
        if let bestOf { try Self.check(bestOf, in: 1...64, "the best of \(bestOf) samples") }
        if let patience {
            // As the reference has it.
            guard beamSize != nil else { throw StapesError(.invalidOption, "patience needs a beam size") }
            guard patience > 0, patience.isFinite else {
                throw StapesError(.invalidOption, "a patience of \(patience) is not possible; give more than 0")
            }
        }
        if let lengthPenalty, !(0...1).contains(lengthPenalty) {
            throw StapesError(.invalidOption, "a length penalty of \(lengthPenalty) is not possible; give 0 to 1")
        }
        guard repetitionPenalty > 0, repetitionPenalty.isFinite else {
            throw StapesError(
                .invalidOption, "a repetition penalty of \(repetitionPenalty) is not possible; give more than 0")
        }
        try Self.check(noRepeatNgramSize, in: 0...448, "a run of \(noRepeatNgramSize) tokens")
        if let sampleLength { try Self.check(sampleLength, in: 1...448, "a window of \(sampleLength) tokens") }
        try Self.check(languageDetectionWindows, in: 1...1000, "listening to \(languageDetectionWindows) windows")
        if let silence = hallucinationSilenceThreshold {
            guard wordTimestamps else {
                throw StapesError(.invalidOption, "a hallucination silence threshold needs word timestamps")
            }
            guard silence >= 0, silence.isFinite else {
                throw StapesError(.invalidOption, "a hallucination silence threshold of \(silence) is not possible")
            }
        }
        guard clipTimestamps.isEmpty || !(batched || voiceActivity != nil) else {
            throw StapesError(.invalidOption, "clip timestamps and voice activity exclude each other")
        }
        guard clipTimestamps.allSatisfy({ $0 >= 0 && $0.isFinite }), clipTimestamps == clipTimestamps.sorted() else {
            throw StapesError(.invalidOption, "clip timestamps are seconds that never go back")
        }
    }

    private func check(_ allowed: [String]) throws(StapesError) {
        guard !allowed.isEmpty else { throw StapesError(.invalidOption, "at least one language is to be allowed") }
        if let name = allowed.first(where: { Languages.code(for: $0) == nil }) {
            throw StapesError(.invalidOption, "no language is named '\(name)'")
        }
        if let language, let code = Languages.code(for: language), !(allowedLanguageCodes?.contains(code) ?? true) {
            throw StapesError(.invalidOption, "the language '\(language)' is not among those that are allowed")
        }
    }

    /// - Parameter audioContext: of the model.
    /// - Throws: `invalidOption` for what this model does not take.
    func check(audioContext limit: Int) throws(StapesError) {
        try check()
        if case .positions(let count) = audioContext {
            try Self.check(count, in: 1...limit, "an audio context of \(count)")
        }
    }

    private static func check(_ value: Int, in range: ClosedRange<Int>, _ what: String) throws(StapesError) {
        try TranscriberConfiguration.check(value, in: range, "\(what) is not possible")
    }
}
