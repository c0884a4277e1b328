import StapesDecoding
import StapesTokenizer
import Testing

/// One window of known content and what it must yield.
struct SplitTests {
    private let special = SpecialTokens.tiny

    private func stamp(_ index: Int) -> Int { special.stamp(index) }

    /// The first window of a file of 100 s, and the frame that the next one begins at.
    private func split(
        _ tokens: [Int], contentFrames: Int = 10_000, clips: [Double] = []
    ) -> (segments: [Segment], next: Int) {
        var loop = SeekLoop(
            contentFrames: contentFrames, startSequence: [301, 302, 306], options: SeekOptions(clipTimestamps: clips),
            coder: TinyCoder())
        guard case .decode = loop.next() else { return ([], -1) }
        let segments = loop.receive(WindowResult(tokens: tokens, sumLogProbability: -1, noSpeechProbability: 0))
        return (segments, loop.seek)
    }

    @Test func pairsOfStampsCutAndTheUnfinishedTailIsDecodedAgain() {
        let (segments, next) = split([stamp(10), 1, 2, stamp(100), stamp(110), 3, stamp(200), stamp(200), 4, 5])
        #expect(segments.map(\.start) == [0.2, 2.2])
        #expect(segments.map(\.end) == [2.0, 4.0])
        #expect(segments.map(\.text) == [" w1 w2", " w3"])
        #expect(segments.map(\.tokens) == [[stamp(10), 1, 2, stamp(100)], [stamp(110), 3, stamp(200)]])
        #expect(segments.map(\.id) == [0, 1])
        #expect(next == 400)
    }

    @Test func segmentsTakeTheLogProbabilitiesOfTheirTokens() {
        var loop = SeekLoop(contentFrames: 10_000, startSequence: [301, 302, 306], coder: TinyCoder())
        guard case .decode = loop.next() else { return }
        let segments = loop.receive(
            WindowResult(
                tokens: [stamp(10), 1, 2, stamp(100), stamp(110), stamp(200), stamp(200), 4], sumLogProbability: -1,
                noSpeechProbability: 0, tokenLogProbabilities: [-1, -2, -3, -4, -5, -6, -7, -8]))
        #expect(segments.map(\.tokenLogProbabilities) == [[-1, -2, -3, -4], [], []], "blank segments have none")
        #expect(segments.map(\.tokens.count) == [4, 0, 0])
    }

    @Test func aTrailingPairWithoutTextAdvancesToItsFirstStamp() {
        let (segments, next) = split([stamp(0), 1, stamp(100), stamp(100)])
        #expect(segments.map(\.end) == [2.0])
        #expect(next == 200)
    }

    @Test func aSingleStampAtTheEndAfterPairsFinishesTheWindow() {
        let (segments, next) = split([stamp(0), 1, stamp(100), stamp(100), 2, stamp(250)])
        #expect(segments.map(\.start) == [0.0, 2.0])
        #expect(segments.map(\.end) == [2.0, 5.0])
        #expect(next == 3000)
    }

    @Test func aSingleStampAtTheEndWithoutPairsEndsTheSegmentAndFinishesTheWindow() {
        let (segments, next) = split([stamp(0), 1, stamp(250)])
        #expect(segments.map(\.end) == [5.0])
        #expect(next == 3000)
    }

    @Test func withoutStampsTheSegmentSpansTheWindow() {
        let (segments, next) = split([1, 2, 3])
        #expect(segments.map(\.start) == [0.0])
        #expect(segments.map(\.end) == [30.0])
        #expect(next == 3000)
    }

    @Test func anOpeningStampAloneIsTakenForTheEnd() {
        // The reference's rule: the last stamp there is, unless it is <|0.00|>.
        #expect(split([stamp(50), 1, 2]).segments.map(\.end) == [1.0])
        #expect(split([stamp(0), 1, 2]).segments.map(\.end) == [30.0])
    }

    @Test func aClosingStampAloneEndsTheSegment() {
        let (segments, next) = split([1, 2, stamp(400)])
        #expect(segments.map(\.start) == [0.0])
        #expect(segments.map(\.end) == [8.0])
        #expect(next == 3000)
    }

    @Test func aWindowShorterThanThirtySecondsSpansItsContent() {
        let (segments, next) = split([stamp(0), 1], contentFrames: 1116)
        #expect(segments.map(\.end) == [11.16])
        #expect(next == 1116)
    }

    @Test func aClipsEndCutsTheWindow() {
        let (segments, next) = split([stamp(0), 1], clips: [2.0, 5.5])
        #expect(segments.map(\.start) == [2.0])
        #expect(segments.map(\.end) == [5.5])
        #expect(next == 550)
    }

    @Test func noIDsYieldABlankSegmentOfTheWindow() {
        let (segments, next) = split([])
        #expect(segments.count == 1)
        #expect(segments[0].isBlank && segments[0].end == 30.0)
        #expect(next == 3000)
    }

    @Test func blankAndInstantSegmentsStayWithoutContent() {
        let (segments, _) = split([stamp(0), 290, stamp(50), stamp(50), 1, stamp(50), stamp(50), 2, stamp(60)])
        #expect(segments.map(\.text) == ["", "", " w2"])
        #expect(segments.map(\.tokens.isEmpty) == [true, true, false])
        #expect(segments.map(\.id) == [0, 1, 2])
        #expect(segments[0].end == 1.0)
    }

    @Test func aPairAtZeroAdvancesByTheWindow() {
        // Impossible under the stamp rules; the reference would decode the window again and again.
        #expect(split([stamp(0), stamp(0), 1]).next == 3000)
    }

    @Test func textBeforeThePairBeginsAtTheWindow() {
        // Impossible under the stamp rules; the reference would compute a time before the file.
        let (segments, next) = split([1, stamp(50), stamp(50), 2])
        #expect(segments.map(\.start) == [0.0])
        #expect(next == 100)
    }

    @Test func scoresAreTheWindows() throws {
        var loop = SeekLoop(contentFrames: 500, startSequence: [301, 302, 306], coder: TinyCoder())
        guard case .decode = loop.next() else { return #expect(Bool(false), "there is a window") }
        let result = WindowResult(
            tokens: [stamp(0), 5, 5, 5, stamp(9)], sumLogProbability: -3, noSpeechProbability: 0.25, temperature: 0.4)
        let segment = try #require(loop.receive(result).first)
        #expect(segment.averageLogProbability == -0.5)
        #expect(segment.noSpeechProbability == 0.25)
        #expect(segment.temperature == 0.4)
        #expect(segment.compressionRatio == CompressionRatio.of("w5 w5 w5"))
        #expect(segment.seek == 0)
    }
}
