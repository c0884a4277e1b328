import StapesDecoding
import StapesEngine

/// A file's transcript.
public struct Transcription: Sendable, Hashable, Codable {
    /// The text of all segments.
    public var text: String
    public var segments: [Segment]
    /// The language's code.
    public var language: String
    public var durationSeconds: Double

    public init(text: String, segments: [Segment], language: String, durationSeconds: Double) {
        self.text = text
        self.segments = segments
        self.language = language
        self.durationSeconds = durationSeconds
    }
}

/// How likely a language is.
public struct LanguageProbability: Sendable, Hashable, Codable {
    /// Two or three letters, as Whisper writes it.
    public var code: String
    public var probability: Double

    public init(code: String, probability: Double) {
        self.code = code
        self.probability = probability
    }
}

/// Where the time of one file went. Seconds that several files shared are counted by share.
public struct TranscriptionStatistics: Sendable, Hashable, Codable {
    /// Decoding the audio and computing log-mel.
    public var featureSeconds: Double
    public var encodeSeconds: Double
    public var prefillSeconds: Double
    public var decodeSeconds: Double
    public var windows: Int
    /// Tokens sampled, the ends of text included.
    public var tokens: Int

    public init(
        featureSeconds: Double = 0, encodeSeconds: Double = 0, prefillSeconds: Double = 0, decodeSeconds: Double = 0,
        windows: Int = 0, tokens: Int = 0
    ) {
        self.featureSeconds = featureSeconds
        self.encodeSeconds = encodeSeconds
        self.prefillSeconds = prefillSeconds
        self.decodeSeconds = decodeSeconds
        self.windows = windows
        self.tokens = tokens
    }
}

extension TranscriptionStatistics {
    mutating func add(_ other: TranscriptionStatistics) {
        featureSeconds += other.featureSeconds
        encodeSeconds += other.encodeSeconds
        prefillSeconds += other.prefillSeconds
        decodeSeconds += other.decodeSeconds
        windows += other.windows
        tokens += other.tokens
    }

    mutating func add(_ times: WindowTimes) {
        encodeSeconds += times.encodeSeconds
        prefillSeconds += times.prefillSeconds
        decodeSeconds += times.decodeSeconds
        tokens += times.tokens
    }
}

/// What happens while a file is transcribed.
public enum TranscriptionEvent: Sendable, Hashable {
    /// The language was detected.
    case language(LanguageProbability)
    case segment(Segment)
    case progress(seconds: Double, of: Double)
    /// The last event.
    case statistics(TranscriptionStatistics)
}
