/// How a file is walked through, window by window.
package struct SeekOptions: Sendable, Hashable {
    /// Seconds: start, end, start, end, ...; a missing last end is the end of the file, an empty list the whole file.
    package var clipTimestamps: [Double]
    /// Above it a window is silent, unless its text is likely; nil never calls a window silent.
    package var noSpeechThreshold: Double?
    /// A window whose average log-probability is above it is kept whatever the no-speech probability says.
    package var logProbabilityThreshold: Double?
    package var conditionOnPreviousText: Bool
    /// Text sampled above this temperature is too wild to lead the windows that follow. 0.5 in the reference.
    package var promptResetOnTemperature: Double
    /// Text before the first window's history; nil is none. (An empty text is encoded as a lone space, as in the
    /// reference.)
    package var initialPrompt: String?
    /// The initial prompt stands before the history of every window, not of the first alone.
    package var carryInitialPrompt: Bool
    /// Text that every window is made to begin with; it is not part of the result. Nil or empty is none.
    package var prefix: String?
    /// Words before the history of every window (faster-whisper); without effect beside a prefix. Nil or empty is none.
    package var hotwords: String?
    /// Ids sampled at most in one window.
    package var sampleLength: Int
    /// Frames that a window covers at most.
    package var windowFrames: Int
    /// How words are timed; nil does without.
    package var words: WordOptions?

    package init(
        clipTimestamps: [Double] = [], noSpeechThreshold: Double? = 0.6, logProbabilityThreshold: Double? = -1.0,
        conditionOnPreviousText: Bool = true, promptResetOnTemperature: Double = 0.5, initialPrompt: String? = nil,
        carryInitialPrompt: Bool = false, prefix: String? = nil, hotwords: String? = nil,
        sampleLength: Int = SamplingLimits.sampleLength, windowFrames: Int = WindowTime.windowFrames,
        words: WordOptions? = nil
    ) {
        self.clipTimestamps = clipTimestamps
        self.noSpeechThreshold = noSpeechThreshold
        self.logProbabilityThreshold = logProbabilityThreshold
        self.conditionOnPreviousText = conditionOnPreviousText
        self.promptResetOnTemperature = promptResetOnTemperature
        self.initialPrompt = initialPrompt
        self.carryInitialPrompt = carryInitialPrompt
        self.prefix = prefix
        self.hotwords = hotwords
        self.sampleLength = sampleLength
        self.windowFrames = windowFrames
        self.words = words
    }

    /// Whether a window is skipped as silent.
    func isSilent(_ result: WindowResult) -> Bool {
        guard let noSpeechThreshold, result.noSpeechProbability > noSpeechThreshold else { return false }
        guard let logProbabilityThreshold else { return true }
        return !(result.averageLogProbability > logProbabilityThreshold)
    }
}
