/// What counts as speech. The defaults are those of faster-whisper 1.2.1, whose names stand in parentheses.
public struct VoiceActivityOptions: Sendable, Hashable, Codable {
    /// Speech begins with a frame of 32 ms whose probability is at least this, 0 to 1 (`threshold`).
    public var threshold: Double
    /// A pause begins with a frame below this, and ends with one of at least `threshold`; nil takes 0.15 less than
    /// `threshold`, at least 0.01 (`neg_threshold`).
    public var silenceThreshold: Double?
    /// Milliseconds: speech that is not longer is dropped (`min_speech_duration_ms`).
    public var minimumSpeechMilliseconds: Int
    /// Seconds, padding included: longer speech is cut, at its last pause of 98 ms where it has one; nil sets no limit
    /// (`max_speech_duration_s`).
    public var maximumSpeechSeconds: Double?
    /// Milliseconds: a shorter pause is part of the speech around it (`min_silence_duration_ms`).
    public var minimumSilenceMilliseconds: Int
    /// Milliseconds that are taken with the speech on either side, half of the pause at most (`speech_pad_ms`).
    public var paddingMilliseconds: Int

    public init(
        threshold: Double = 0.5, silenceThreshold: Double? = nil, minimumSpeechMilliseconds: Int = 0,
        maximumSpeechSeconds: Double? = nil, minimumSilenceMilliseconds: Int = 2000, paddingMilliseconds: Int = 400
    ) {
        self.threshold = threshold
        self.silenceThreshold = silenceThreshold
        self.minimumSpeechMilliseconds = minimumSpeechMilliseconds
        self.maximumSpeechSeconds = maximumSpeechSeconds
        self.minimumSilenceMilliseconds = minimumSilenceMilliseconds
        self.paddingMilliseconds = paddingMilliseconds
    }

    /// For windows that are decoded beside each other: short pauses part the speech, and none of it is longer than a
    /// window (transcribe.py, BatchedInferencePipeline).
    public static func batched(windowSeconds: Double = 30) -> VoiceActivityOptions {
        VoiceActivityOptions(maximumSpeechSeconds: windowSeconds, minimumSilenceMilliseconds: 160)
    }
}
