/// A stretch of speech with its text, as Whisper's JSON describes it.
public struct Segment: Sendable, Hashable {
    /// Position in the file's list of segments, from 0.
    public var id: Int
    /// First frame (10 ms) of the window that the segment comes from.
    public var seek: Int
    /// Seconds from the beginning of the file.
    public var start: Double
    /// Seconds from the beginning of the file.
    public var end: Double
    /// With its leading space; empty when the segment is blank or of zero length.
    public var text: String
    /// The sampled ids with the stamps at both ends; empty when the text is.
    public var tokens: [Int]
    /// Of the window, as are the three scores that follow.
    public var temperature: Double
    public var averageLogProbability: Double
    public var compressionRatio: Double
    public var noSpeechProbability: Double
    /// Nil unless word times were asked for.
    public var words: [Word]?
    /// Of each of `tokens`, natural logarithms, among the tokens that the rules left and whatever the temperature; nil
    /// unless they were asked for.
    public var tokenLogProbabilities: [Double]?

    public init(
        id: Int, seek: Int, start: Double, end: Double, text: String, tokens: [Int], temperature: Double,
        averageLogProbability: Double, compressionRatio: Double, noSpeechProbability: Double, words: [Word]? = nil,
        tokenLogProbabilities: [Double]? = nil
    ) {
        self.id = id
        self.seek = seek
        self.start = start
        self.end = end
        self.text = text
        self.tokens = tokens
        self.temperature = temperature
        self.averageLogProbability = averageLogProbability
        self.compressionRatio = compressionRatio
        self.noSpeechProbability = noSpeechProbability
        self.words = words
        self.tokenLogProbabilities = tokenLogProbabilities
    }

    /// True for a segment whose content was removed because it was blank or of zero length.
    public var isBlank: Bool { text.isEmpty && tokens.isEmpty }
}

extension Segment: Codable {
    private enum CodingKeys: String, CodingKey {
        case id, seek, start, end, text, tokens, temperature, words
        case averageLogProbability = "avg_logprob"
        case compressionRatio = "compression_ratio"
        case noSpeechProbability = "no_speech_prob"
        case tokenLogProbabilities = "token_logprobs"
    }
}
