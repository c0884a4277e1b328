/// A word of a segment with its times, as Whisper's JSON describes it.
public struct Word: Sendable, Hashable, Codable {
    /// With its leading space and the punctuation that belongs to it.
    public var word: String
    /// Seconds from the beginning of the file.
    public var start: Double
    /// Seconds from the beginning of the file.
    public var end: Double
    /// Mean over the word's tokens.
    public var probability: Double

    public init(word: String, start: Double, end: Double, probability: Double) {
        self.word = word
        self.start = start
        self.end = end
        self.probability = probability
    }
}
