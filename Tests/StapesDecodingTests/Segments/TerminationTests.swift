import StapesDecoding
import StapesTesting
import StapesTokenizer
import Testing

struct TerminationTests {
    /// Ids without any order, as a model without the stamp rules might sample them.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func anyWindowsAdvanceUntilTheFileEnds(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let special = SpecialTokens.tiny
        let contentFrames = Int.random(in: 0...20_000, using: &generator)
        let clips = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
            Double.random(in: -10...250, using: &generator)
        }
        var loop = SeekLoop(
            contentFrames: contentFrames, startSequence: [301, 302, 306],
            options: SeekOptions(clipTimestamps: clips), coder: TinyCoder())
        var lastSeek = -1
        var lastJobEnd = 0
        var windows = 0
        var nextID = 0
        while case .decode(let job) = loop.next() {
            #expect((1...3000).contains(job.size))
            #expect(job.seek >= 0 && job.seek + job.size <= contentFrames)
            #expect(job.prompt.count <= 227)
            lastSeek = job.seek
            let tokens = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                // Mostly stamps close to zero, where a loop could stand still.
                Bool.random(using: &generator)
                    ? Int.random(in: 0..<300, using: &generator)
                    : special.stamp(Int.random(in: 0...(Bool.random(using: &generator) ? 3 : 1500), using: &generator))
            }
            let segments = loop.receive(
                WindowResult(
                    tokens: tokens, sumLogProbability: -Double.random(in: 0...20, using: &generator),
                    noSpeechProbability: Double.random(in: 0...1, using: &generator)))
            #expect(segments.map(\.id) == Array(nextID..<nextID + segments.count))
            #expect(segments.allSatisfy { $0.start >= 0 && $0.end >= 0 })
            nextID += segments.count
            #expect(loop.seek > lastSeek)
            lastJobEnd = max(lastJobEnd, loop.seek)
            windows += 1
            guard windows <= contentFrames * (clips.count + 1) else {
                Issue.record("seed \(seed) does not end")
                return
            }
        }
        #expect(loop.next() == .finished)
        if clips.isEmpty {
            #expect(lastJobEnd >= contentFrames)
        }
    }

    /// Ids that the rules allow: at least two frames forward each time, so the safety rule is never needed.
    @Test(arguments: 0..<100 as Range<UInt64>)
    func windowsSampledUnderTheRulesNeverStandStill(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let special = SpecialTokens.tiny
        let rules = LogitRules(coder: TinyCoder())
        var sampled: [Int] = []
        for _ in 0..<30 {
            let mask = rules.mask(sampled: sampled)
            let allowed = (0...special.timestampEnd).filter { !mask.masks($0) && !rules.suppressList.contains($0) }
            // Half of the time the earliest stamp, which moves least.
            let stamp = allowed.first { $0 >= special.timestampBegin }
            guard
                let token = Bool.random(using: &generator)
                    ? stamp ?? allowed[0] : allowed.randomElement(using: &generator),
                token != special.endOfText
            else { break }
            sampled.append(token)
            let pairs = zip(sampled, sampled.dropFirst()).filter { $0 >= special.timestampBegin && $1 >= $0 }
            #expect(pairs.allSatisfy { $0.0 > special.timestampBegin })
        }
        #expect(!sampled.isEmpty && sampled[0] >= special.timestampBegin)
    }
}
