import StapesDecoding
import Testing

struct HallucinationSkipTests {
    /// A window from 10 to 40 seconds in a file of 100.
    private let skip = HallucinationSkip(threshold: 2, seek: 1000, size: 3000, windowEnd: 40, contentFrames: 10_000)

    private func segment(_ start: Double, _ end: Double, _ words: [Word]) -> Segment {
        Segment(
            id: 0, seek: 1000, start: start, end: end, text: "", tokens: [], temperature: 0, averageLogProbability: 0,
            compressionRatio: 0, noSpeechProbability: 0, words: words)
    }

    private func spoken(_ start: Double, _ end: Double, probability: Double = 0.9) -> Segment {
        let step = (end - start) / 4
        return segment(
            start, end,
            (0..<4).map {
                Word(
                    word: " w", start: start + step * Double($0), end: start + step * Double($0 + 1),
                    probability: probability)
            })
    }

    private func madeUp(_ start: Double, _ end: Double) -> Segment { spoken(start, end, probability: 0.1) }

    @Test func ordinaryTextIsKept() {
        #expect(skip.decide([spoken(11, 13), spoken(20, 22)], lastSpeech: 9) == .keep)
        #expect(skip.decide([], lastSpeech: 9) == .keep)
        #expect(skip.decide([segment(30, 31, [])], lastSpeech: 9) == .keep)
    }

    @Test func silenceBeforeMadeUpTextSkipsTheWindow() {
        #expect(skip.decide([madeUp(15.5, 17), spoken(18, 20)], lastSpeech: 9) == .skip(frames: 550))
    }

    @Test func madeUpTextBetweenSilencesIsCut() {
        let segments = [spoken(11, 13), madeUp(17, 19), spoken(25, 27)]
        #expect(skip.decide(segments, lastSpeech: 9) == .cut(index: 1, seek: 1700))
    }

    @Test func madeUpTextBetweenWordsStays() {
        #expect(skip.decide([spoken(11, 13), madeUp(14, 16), spoken(17, 19)], lastSpeech: 9) == .keep)
    }

    @Test func atTheWindowsEdgesSilenceIsTakenForGranted() {
        #expect(skip.decide([madeUp(11, 13), spoken(20, 22)], lastSpeech: 10.9) == .cut(index: 0, seek: 1100))
        #expect(skip.decide([spoken(33, 35), madeUp(38, 39)], lastSpeech: 9) == .cut(index: 1, seek: 3800))
    }

    @Test func nothingIsLeftWhereTheFileEndsSoonAfter() {
        let end = HallucinationSkip(threshold: 2, seek: 1000, size: 1000, windowEnd: 40, contentFrames: 2000)
        #expect(end.decide([spoken(11, 13), madeUp(17, 18.5)], lastSpeech: 9) == .keep)
        #expect(
            end.decide([spoken(11, 13), madeUp(17, 18.5), madeUp(19, 19.5)], lastSpeech: 9)
                == .cut(index: 1, seek: 2000))
    }

    @Test func anomalyIsJudgedByWordsWithoutPunctuation() {
        let likely = Word(word: " a", start: 0, end: 0.5, probability: 0.9)
        let unlikely = Word(word: " b", start: 0, end: 0.5, probability: 0.1)
        let sign = Word(word: ".", start: 0, end: 0.5, probability: 0.1)
        let short = Word(word: " c", start: 0, end: 0.033, probability: 0.9)
        let long = Word(word: " d", start: 0, end: 5.1, probability: 0.9)
        #expect(!skip.isAnomalous(segment(0, 1, [])))
        #expect(!skip.isAnomalous(segment(0, 1, [unlikely, likely])))
        #expect(!skip.isAnomalous(segment(0, 1, [likely, sign, sign])))
        #expect(skip.isAnomalous(segment(0, 1, [unlikely, unlikely])))
        #expect(skip.isAnomalous(segment(0, 1, [short, short, likely])))
        #expect(skip.isAnomalous(segment(0, 1, [long, likely, likely, likely])))
        // Only eight words count.
        #expect(!skip.isAnomalous(segment(0, 1, [Word](repeating: likely, count: 8) + [long, long])))
        #expect(skip.isAnomalous(segment(0, 1, [sign])))
    }
}
