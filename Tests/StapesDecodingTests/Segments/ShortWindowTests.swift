import StapesDecoding
import StapesTesting
import StapesTokenizer
import Testing

/// Files that are walked through in windows of less than 30 seconds.
struct ShortWindowTests {
    private let special = SpecialTokens.tiny

    private func loop(_ contentFrames: Int, windowFrames: Int, clips: [Double] = []) -> SeekLoop {
        SeekLoop(
            contentFrames: contentFrames, startSequence: [301, 302, 306],
            options: SeekOptions(clipTimestamps: clips, windowFrames: windowFrames), coder: TinyCoder())
    }

    @Test func windowsAreAsLongAsAskedForAndTheLastIsShort() {
        var loop = loop(2350, windowFrames: 1000)
        var windows: [[Int]] = []
        while case .decode(let job) = loop.next() {
            windows.append([job.seek, job.size])
            _ = loop.receive(
                WindowResult(tokens: [special.stamp(0), 1], sumLogProbability: -1, noSpeechProbability: 0))
        }
        #expect(windows == [[0, 1000], [1000, 1000], [2000, 350]])
    }

    @Test func silentWindowIsSkippedByItsOwnLength() {
        var loop = loop(5000, windowFrames: 400)
        _ = loop.next()
        #expect(loop.receive(WindowResult(tokens: [], sumLogProbability: -9, noSpeechProbability: 0.9)).isEmpty)
        #expect(loop.seek == 400)
    }

    @Test func segmentOfAShortWindowEndsWithIt() {
        var loop = loop(5000, windowFrames: 400)
        _ = loop.next()
        let segments = loop.receive(
            WindowResult(tokens: [special.stamp(0), 1], sumLogProbability: -1, noSpeechProbability: 0))
        #expect(segments.map(\.end) == [4])
    }

    @Test func clipsAreCutIntoShortWindows() {
        var loop = loop(10_000, windowFrames: 300, clips: [50, 55, 10, 14])
        var windows: [[Int]] = []
        while case .decode(let job) = loop.next() {
            windows.append([job.seek, job.size])
            _ = loop.receive(
                WindowResult(tokens: [special.stamp(0), 1], sumLogProbability: -1, noSpeechProbability: 0))
        }
        #expect(windows == [[5000, 300], [5300, 200], [1000, 300], [1300, 100]])
    }

    /// Ids that the rules of such a window allow: every frame of the file is in a window, and none is left out between
    /// two.
    @Test(arguments: 0..<200 as Range<UInt64>) func windowsCoverTheFileWithoutAGap(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let windowStamps =
            Bool.random(using: &generator)
            ? Int.random(in: 1...20, using: &generator) : Int.random(in: 1...1500, using: &generator)
        let windowFrames = WindowTime.framesPerStamp * windowStamps
        let contentFrames = Int.random(in: 1...12 * windowFrames, using: &generator)
        let rules = LogitRules(coder: TinyCoder(), options: FilterOptions(windowStamps: windowStamps))
        var loop = loop(contentFrames, windowFrames: windowFrames)
        var (covered, seek) = (0, -1)
        while case .decode(let job) = loop.next() {
            #expect(job.seek > seek && job.seek <= covered, "seed \(seed): a gap before \(job.seek)")
            #expect(job.size == min(windowFrames, contentFrames - job.seek), "seed \(seed)")
            (seek, covered) = (job.seek, job.seek + job.size)
            let tokens = sample(rules, using: &generator)
            #expect(tokens.allSatisfy { $0 <= special.stamp(windowStamps) })
            let segments = loop.receive(
                WindowResult(
                    tokens: tokens, sumLogProbability: -Double.random(in: 0...20, using: &generator),
                    noSpeechProbability: Double.random(in: 0...1, using: &generator)))
            let latest = WindowTime.seconds(frames: job.seek + windowFrames) + 1e-9
            #expect(segments.allSatisfy { $0.start <= latest && $0.end <= latest }, "seed \(seed)")
        }
        #expect(covered == contentFrames && loop.seek >= contentFrames, "seed \(seed): \(covered) of \(contentFrames)")
    }

    private func sample(_ rules: LogitRules, using generator: inout SeededGenerator) -> [Int] {
        var sampled: [Int] = []
        for _ in 0..<Int.random(in: 0...12, using: &generator) {
            let mask = rules.mask(sampled: sampled)
            let stamps = (special.timestampBegin...special.timestampEnd).filter { !mask.masks($0) }
            let text = [10, 20, special.endOfText].filter { !mask.masks($0) }
            let wantsStamp = Bool.random(using: &generator)
            guard
                let token = (wantsStamp && !stamps.isEmpty || text.isEmpty ? stamps : text).randomElement(
                    using: &generator),
                token != special.endOfText
            else { break }
            sampled.append(token)
        }
        return sampled
    }
}
