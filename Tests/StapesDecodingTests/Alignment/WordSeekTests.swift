import StapesDecoding
import StapesTesting
import StapesTokenizer
import Testing

struct WordSeekTests {
    private let special = SpecialTokens.tiny
    private let start = [301, 302, 306]

    private func loop(_ contentFrames: Int, silence: Double? = nil, start: [Int]? = nil) -> SeekLoop {
        SeekLoop(
            contentFrames: contentFrames, startSequence: start ?? self.start,
            options: SeekOptions(words: WordOptions(language: "en", hallucinationSilence: silence)), coder: TinyCoder())
    }

    private func result(_ tokens: [Int]) -> WindowResult {
        WindowResult(tokens: tokens, sumLogProbability: -0.1, noSpeechProbability: 0)
    }

    private func decode(_ loop: inout SeekLoop, _ tokens: [Int]) -> AlignmentJob? {
        guard case .decode = loop.next() else { return nil }
        #expect(loop.receive(result(tokens)).isEmpty)
        guard case .align(let job) = loop.next() else { return nil }
        return job
    }

    @Test func aWindowWithTextIsAlignedBeforeItsSegmentsCome() throws {
        var loop = loop(6000)
        let job = try #require(decode(&loop, [special.stamp(0), 1, 2, special.stamp(100), special.stamp(100), 3]))
        #expect(loop.next() == .align(job))
        #expect(loop.seek == 0 && loop.segmentCount == 0)
        #expect(job.tokens == start + [310, 1, 2, 300])
        #expect(Array(job.text) == [1, 2] && job.rows == 3..<6 && job.positions == 1500)

        let segments = loop.receive(WindowAlignment(edges: [0.5, 1, 1.5], probabilities: [0.25, 0.75]))
        #expect(
            segments.map(\.words) == [
                [
                    Word(word: " w1", start: 0.5, end: 1, probability: 0.25),
                    Word(word: " w2", start: 1, end: 1.5, probability: 0.75),
                ]
            ])
        #expect(segments[0].start == 0.5 && segments[0].end == 1.5)
        // Goes on behind the last word, not at the stamp.
        #expect(loop.seek == 150)
    }

    @Test func whetherStampsAreAskedForMakesNoDifferenceToTheAlignment() throws {
        var loop = loop(6000, start: start + [310])
        #expect(try #require(decode(&loop, [1])).tokens == start + [310, 1, 300])
    }

    @Test func aWindowThatEndsInASingleStampIsSpokenFor() throws {
        var loop = loop(6000)
        _ = decode(&loop, [special.stamp(0), 1, special.stamp(100)])
        _ = loop.receive(WindowAlignment(edges: [0.5, 1], probabilities: [1]))
        #expect(loop.seek == 3000)
    }

    @Test func aWindowWithoutTextIsNotAligned() {
        var loop = loop(6000)
        _ = loop.next()
        let segments = loop.receive(result([special.stamp(0), special.stamp(5), special.stamp(5)]))
        #expect(segments.map(\.words) == [[], []])
        guard case .decode = loop.next() else {
            Issue.record("the next window should be decoded")
            return
        }
    }

    @Test func withAThresholdOnlyLongRestsAreDecodedAgain() throws {
        for (silence, seek) in [(nil, 1100), (18, 1100), (19, 3000), (20, 3000)] as [(Double?, Int)] {
            var loop = loop(6000, silence: silence)
            _ = decode(&loop, [special.stamp(500), 1, special.stamp(550), special.stamp(550)])
            _ = loop.receive(WindowAlignment(edges: [10.5, 11], probabilities: [1]))
            #expect(loop.seek == seek)
        }
    }

    @Test func aWindowOfMadeUpTextAfterSilenceIsDropped() throws {
        var loop = loop(6000, silence: 2)
        _ = decode(&loop, [special.stamp(500), 1, special.stamp(550), special.stamp(550)])
        #expect(loop.receive(WindowAlignment(edges: [10.5, 11], probabilities: [0.1])).isEmpty)
        #expect(loop.seek == 1050 && loop.segmentCount == 0 && loop.text == "")
    }

    /// Alignments without any order, and text without any sense.
    @Test(arguments: 0..<100 as Range<UInt64>)
    func anyAlignmentAdvancesUntilTheFileEnds(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let content = Int.random(in: 1...4000, using: &generator)
        var loop = loop(content, silence: [nil, -1, 0, 0.01, 1].randomElement(using: &generator) ?? nil)
        var last = -1
        while true {
            switch loop.next() {
            case .decode(let job):
                #expect(job.seek > last && job.seek + job.size <= content)
                last = job.seek
                _ = loop.receive(
                    result(
                        (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                            Bool.random(using: &generator)
                                ? Int.random(in: 0..<300, using: &generator)
                                : special.stamp(Int.random(in: 0...90, using: &generator))
                        }))
            case .align(let job):
                let edges = (0...job.text.count).map { _ in Double.random(in: 0...30, using: &generator) }.sorted()
                _ = loop.receive(
                    WindowAlignment(
                        edges: Bool.random(using: &generator) ? edges : edges.map { _ in 0 },
                        probabilities: job.text.map { _ in Double.random(in: 0...1, using: &generator) }))
            case .finished: return
            }
        }
    }
}
