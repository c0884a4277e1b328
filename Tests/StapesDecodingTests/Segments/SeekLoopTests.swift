import StapesDecoding
import StapesTokenizer
import Testing

struct SeekLoopTests {
    private let special = SpecialTokens.tiny
    private let start = [301, 302, 306]

    private func loop(_ contentFrames: Int, _ options: SeekOptions = SeekOptions()) -> SeekLoop {
        SeekLoop(contentFrames: contentFrames, startSequence: start, options: options, coder: TinyCoder())
    }

    private func job(_ loop: inout SeekLoop) -> WindowJob? {
        if case .decode(let job) = loop.next() { job } else { nil }
    }

    private func result(
        _ tokens: [Int], average: Double = -0.5, noSpeech: Double = 0, temperature: Double = 0
    ) -> WindowResult {
        WindowResult(
            tokens: tokens, sumLogProbability: average * Double(tokens.count + 1), noSpeechProbability: noSpeech,
            temperature: temperature)
    }

    /// One segment that fills the window.
    private func spoken(_ ids: Int..., temperature: Double = 0) -> WindowResult {
        result([special.stamp(0)] + ids + [special.stamp(1500)], temperature: temperature)
    }

    @Test func anEmptyFileHasNoWindow() {
        var loop = loop(0)
        #expect(loop.next() == .finished)
        #expect(loop.text == "")
    }

    @Test func theSameWindowIsGivenUntilItsResultComes() {
        var loop = loop(4000)
        let first = loop.next()
        #expect(loop.next() == first)
        _ = loop.receive(spoken(1))
        #expect(loop.next() != first)
    }

    @Test func windowsCoverTheFileAndTheLastIsShort() {
        var loop = loop(7116)
        var sizes: [[Int]] = []
        while let job = job(&loop) {
            sizes.append([job.seek, job.size])
            _ = loop.receive(spoken(1))
        }
        #expect(sizes == [[0, 3000], [3000, 3000], [6000, 1116]])
        #expect(loop.next() == .finished)
    }

    @Test func idsGoOnOverTheFile() {
        var loop = loop(9000)
        var ids: [Int] = []
        while job(&loop) != nil {
            ids += loop.receive(spoken(1)).map(\.id)
        }
        #expect(ids == [0, 1, 2])
        #expect(loop.text == " w1 w1 w1")
    }

    @Test func aSilentWindowIsSkippedAndChangesNothing() {
        var loop = loop(9000)
        _ = job(&loop)
        _ = loop.receive(spoken(1))
        let before = job(&loop)?.prompt
        #expect(loop.receive(result([special.stamp(0), 9], average: -1.5, noSpeech: 0.7, temperature: 1)).isEmpty)
        let after = job(&loop)
        #expect(after?.seek == 6000)
        #expect(after?.prompt == before)
        #expect(loop.segmentCount == 1)
    }

    private struct Silence: Sendable {
        var noSpeech: Double
        var threshold: Double?
        var average: Double
        var averageThreshold: Double?
        var isSilent: Bool
    }

    @Test func silenceNeedsBothScores() {
        let cases = [
            Silence(noSpeech: 0.7, threshold: 0.6, average: -1.5, averageThreshold: -1, isSilent: true),
            Silence(noSpeech: 0.7, threshold: 0.6, average: -0.9, averageThreshold: -1, isSilent: false),
            Silence(noSpeech: 0.6, threshold: 0.6, average: -1.5, averageThreshold: -1, isSilent: false),
            Silence(noSpeech: 0.7, threshold: 0.6, average: -1.0, averageThreshold: -1, isSilent: true),
            Silence(noSpeech: 0.7, threshold: 0.6, average: -0.1, averageThreshold: nil, isSilent: true),
            Silence(noSpeech: 0.9, threshold: nil, average: -9.0, averageThreshold: -1, isSilent: false),
        ]
        for silence in cases {
            var loop = loop(
                3000,
                SeekOptions(
                    noSpeechThreshold: silence.threshold, logProbabilityThreshold: silence.averageThreshold))
            _ = job(&loop)
            let window = result(
                [special.stamp(0), 1, special.stamp(9)], average: silence.average, noSpeech: silence.noSpeech)
            #expect(loop.receive(window).isEmpty == silence.isSilent, "\(silence)")
        }
    }

    @Test func clipsAreWalkedInTheirOrder() {
        var loop = loop(10_000, SeekOptions(clipTimestamps: [50, 55, 10, 45]))
        var windows: [[Int]] = []
        while let job = job(&loop) {
            windows.append([job.seek, job.size])
            _ = loop.receive(spoken(1))
        }
        #expect(windows == [[5000, 500], [1000, 3000], [4000, 500]])
    }

    private static let clipEdges: [([Double], [Int])] = [
        ([5], [500, 500]), ([0, 99], [0, 1000]), ([-4, 2], [0, 200]), ([.nan, 2], [0, 200]),
        ([3, 1, 9, .infinity], [900, 100]), ([8.125, 8.375], [812, 26]),
    ]

    @Test(arguments: clipEdges)
    func clipTimesOutsideTheFileMoveToItsEdges(clips: [Double], window: [Int]) {
        var loop = loop(1000, SeekOptions(clipTimestamps: clips))
        let job = job(&loop)
        #expect(job.map { [$0.seek, $0.size] } == window)
    }

    @Test func aClipPastTheContentHasNoWindow() {
        var loop = loop(1000, SeekOptions(clipTimestamps: [20, 30]))
        #expect(loop.next() == .finished)
    }

    @Test func aSampledStampPastAClipEndsIt() {
        var loop = loop(10_000, SeekOptions(clipTimestamps: [0, 1, 60, 61]))
        _ = job(&loop)
        _ = loop.receive(result([special.stamp(0), 1, special.stamp(900), special.stamp(900)]))
        #expect(job(&loop)?.seek == 6000)
    }
}
