import StapesDecoding
import StapesEngine
import StapesTokenizer

/// What to make of the speech.
public enum TranscriptionTask: String, Sendable, Hashable, Codable, CaseIterable {
    /// The words in the language they are spoken in.
    case transcribe
    /// The words in English.
    case translate
}

/// How one file is transcribed. The defaults are those of openai/whisper at temperature 0.
public struct TranscriptionOptions: Sendable, Hashable, Codable {
    /// Code or English name; nil detects it from the first 30 seconds.
    public var language: String?
    public var task: TranscriptionTask
    /// Whether the model writes time stamps, which cut the text into segments and windows at pauses.
    public var timestamps: Bool
    /// Text that is taken to come before the first window: names, spelling, style.
    public var initialPrompt: String?
    /// The text so far leads each next window.
    public var conditionOnPreviousText: Bool
    /// Token ids that are never sampled; nil stands for the symbols that are not spoken.
    public var suppressTokens: [Int]?
    /// A window may not begin with a blank or with nothing.
    public var suppressBlank: Bool
    /// A window is skipped as silent above this no-speech probability, unless its text is likely; nil skips none.
    public var noSpeechThreshold: Double?
    /// The average log-probability above which a text counts as likely.
    public var logProbabilityThreshold: Double?
    /// Seconds: the latest first stamp of a window; nil sets no limit.
    public var maximumInitialTimestamp: Double?
    /// 0 takes the likeliest token at every step; above, tokens are drawn.
    public var temperature: Double
    /// Names the random numbers that tokens are drawn by: the same file with the same seed gets the same text.
    public var seed: UInt64
    /// Encoder positions of 20 ms that a window is made of, 1 to 1500; nil takes all. A window covers as much audio. The
    /// model was trained on 1500: fewer cost less time and some accuracy.
    public var audioContext: Int?

    public init(
        language: String? = nil, task: TranscriptionTask = .transcribe, timestamps: Bool = true,
        initialPrompt: String? = nil, conditionOnPreviousText: Bool = true, suppressTokens: [Int]? = nil,
        suppressBlank: Bool = true, noSpeechThreshold: Double? = 0.6, logProbabilityThreshold: Double? = -1.0,
        maximumInitialTimestamp: Double? = 1.0, temperature: Double = 0, seed: UInt64 = 0, audioContext: Int? = nil
    ) {
        self.language = language
        self.task = task
        self.timestamps = timestamps
        self.initialPrompt = initialPrompt
        self.conditionOnPreviousText = conditionOnPreviousText
        self.suppressTokens = suppressTokens
        self.suppressBlank = suppressBlank
        self.noSpeechThreshold = noSpeechThreshold
        self.logProbabilityThreshold = logProbabilityThreshold
        self.maximumInitialTimestamp = maximumInitialTimestamp
        self.temperature = temperature
        self.seed = seed
        self.audioContext = audioContext
    }

    var filters: FilterOptions {
        FilterOptions(
            suppressTokens: suppressTokens, suppressBlank: suppressBlank, timestamps: timestamps,
            maximumInitialTimestamp: maximumInitialTimestamp, windowStamps: audioContext)
    }

    var seeking: SeekOptions {
        SeekOptions(
            noSpeechThreshold: noSpeechThreshold, logProbabilityThreshold: logProbabilityThreshold,
            conditionOnPreviousText: conditionOnPreviousText, initialPrompt: initialPrompt,
            windowFrames: audioContext.map { WindowTime.framesPerStamp * $0 } ?? WindowTime.windowFrames)
    }

    /// How the window at frame `seek` draws its tokens: each window by numbers of its own.
    func sampling(seek: Int) -> SamplingOptions {
        SamplingOptions(temperature: Float(temperature), seed: seed &+ UInt64(seek) &* 0x9e37_79b9_7f4a_7c15)
    }
}
