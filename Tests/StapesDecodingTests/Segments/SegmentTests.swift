import FoundationEssentials
import StapesDecoding
import Testing

struct SegmentTests {
    private let segment = Segment(
        id: 3, seek: 2938, start: 29.38, end: 35.12, text: " Hello.", tokens: [50364, 2425, 13, 50651],
        temperature: 0.2,
        averageLogProbability: -0.25, compressionRatio: 1.5, noSpeechProbability: 0.125)

    @Test func theJSONKeysAreWhispers() throws {
        let data = try JSONEncoder().encode(segment)
        let text = String(decoding: data, as: UTF8.self)
        let keys = [
            "id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob", "compression_ratio",
            "no_speech_prob",
        ]
        for key in keys {
            #expect(text.contains("\"\(key)\":"))
        }
        #expect(try JSONDecoder().decode(Segment.self, from: data) == segment)
    }

    @Test func onlyASegmentWithoutTextAndIDsIsBlank() {
        var blank = segment
        #expect(!blank.isBlank)
        blank.text = ""
        #expect(!blank.isBlank)
        blank.tokens = []
        #expect(blank.isBlank)
    }
}
