import StapesAudio

/// What to make of the speech.
public enum TranscriptionTask: String, Sendable, Hashable, Codable, CaseIterable {
    /// The words in the language they are spoken in.
    case transcribe
    /// The words in English.
    case translate
}

/// How one file is transcribed. The defaults are those of openai/whisper's library: greedy, with the ladder of
/// temperatures.
public struct TranscriptionOptions: Sendable, Hashable, Codable {
    // MARK: What is spoken

    /// Code or English name; nil detects it from the beginning of the file.
    public var language: String?
    public var task: TranscriptionTask = .transcribe
    /// Windows of 30 seconds that are listened to for the language, at most.
    public var languageDetectionWindows = 1
    /// A window that makes a language at least as likely decides; otherwise the language of most windows is taken.
    public var languageDetectionThreshold = 0.5
    /// Listen for the language in every window anew.
    public var multilingual = false
    /// Codes or English names of the languages that may be detected; nil allows all.
    public var allowedLanguages: [String]?

    // MARK: What is written

    /// Whether the model writes time stamps, which cut the text into segments and windows at pauses.
    public var timestamps = true
    /// Seconds: the latest first stamp of a window; nil sets no limit.
    public var maximumInitialTimestamp: Double? = 1.0
    /// Token ids that are never sampled; nil stands for the symbols that are not spoken.
    public var suppressTokens: [Int]?
    /// A window may not begin with a blank or with nothing.
    public var suppressBlank = true
    /// Seconds: start, end, start, end, ... of what is transcribed; a missing last end is the end of the file, an empty
    /// list the whole file.
    public var clipTimestamps: [Double] = []

    /// Find out when each word is spoken.
    public var wordTimestamps = false
    /// Signs that belong to the word after them; nil takes whisper's.
    public var prependedPunctuation: String?
    /// Signs that belong to the word before them; nil takes whisper's.
    public var appendedPunctuation: String?
    /// Seconds: silences longer than this are skipped where the text around them looks made up; needs word times.
    public var hallucinationSilenceThreshold: Double?

    /// Say of each token of a segment how likely it was; nil is no.
    public var tokenLogProbabilities: Bool?

    // MARK: What came before

    /// Text that is taken to come before the first window: names, spelling, style.
    public var initialPrompt: String?
    /// The initial prompt leads every window, not the first alone.
    public var carryInitialPrompt = false
    /// Text that every window is made to begin with.
    public var prefix: String?
    /// Words that lead every window, before the text so far; without effect beside a prefix.
    public var hotwords: String?
    /// The text so far leads each next window.
    public var conditionOnPreviousText = true
    /// A text that was sampled above this temperature leads no window.
    public var promptResetOnTemperature = 0.5

    // MARK: How tokens are chosen

    /// Tried in this order until a result is good enough. 0 takes the likeliest tokens, above they are drawn.
    public var temperatures = TranscriptionOptions.ladder
    /// Names the random numbers that tokens are drawn by: the same file with the same seed gets the same text.
    public var seed: UInt64 = 0
    /// Hypotheses that are followed at temperature 0; nil follows the likeliest token alone.
    public var beamSize: Int?
    /// The search ends with `beamSize * patience` finished hypotheses; nil is 1.
    public var patience: Double?
    /// Samples of which the best is taken above temperature 0; nil is 1.
    public var bestOf: Int?
    /// Exponent by which hypotheses of different lengths are compared, 0 to 1; nil compares sums over lengths.
    public var lengthPenalty: Double?
    /// Above 1, tokens that the window had before become less likely.
    public var repetitionPenalty = 1.0
    /// No run of so many tokens comes twice in a window; 0 allows all.
    public var noRepeatNgramSize = 0
    /// Tokens that a window may have at most; nil is half of the decoder's context, 224.
    public var sampleLength: Int?

    // MARK: When a result is good enough

    /// Above it a text repeats itself too much; nil turns the test off.
    public var compressionRatioThreshold: Double? = 2.4
    /// The average log-probability below which a text is too unlikely; nil turns the test off.
    public var logProbabilityThreshold: Double? = -1.0
    /// A window is skipped as silent above this no-speech probability, unless its text is likely; nil skips none.
    public var noSpeechThreshold: Double? = 0.6

    // MARK: How the file is cut

    /// Leave out what is no speech before anything is transcribed; nil transcribes everything.
    public var voiceActivity: VoiceActivityOptions?
    /// Pack the speech into windows, cut at pauses, and decode them side by side. No window knows the text of another.
    public var batched = false

    // MARK: How much of the model is used

    /// How far windows are encoded. Less takes less time and changes texts.
    public var audioContext = AudioContext.full

    public init() {}

    public init(
        language: String? = nil, task: TranscriptionTask = .transcribe,
        temperatures: [Double] = TranscriptionOptions.ladder, conditionOnPreviousText: Bool = true,
        initialPrompt: String? = nil
    ) {
        self.language = language
        self.task = task
        self.temperatures = temperatures
        self.conditionOnPreviousText = conditionOnPreviousText
        self.initialPrompt = initialPrompt
    }

    /// The reference's temperatures.
    public static let ladder = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]

    /// What openai/whisper's command line does: a beam of five, and the best of five samples on the ladder.
    public static let whisperCommandLine: TranscriptionOptions = {
        var options = TranscriptionOptions()
        options.beamSize = 5
        options.bestOf = 5
        return options
    }()

    /// The likeliest tokens at once, whatever comes of it.
    public static let fast: TranscriptionOptions = TranscriptionOptions(temperatures: [0])
}
