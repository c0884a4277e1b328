import StapesAudio
import Testing

@Suite struct SpeechGateTests {
    private static let options = SpeechGate.Options(threshold: 0.5, prefixMilliseconds: 300, silenceMilliseconds: 500)

    private func events(_ probabilities: [Float], _ gate: SpeechGate = SpeechGate(options)) -> [SpeechGate.Event] {
        var gate = gate
        return probabilities.compactMap { gate.add($0) }
    }

    private func frames(_ probability: Float, _ count: Int) -> [Float] { .init(repeating: probability, count: count) }

    @Test func speechStartsWithItsPrefixAndStopsWithTheSilence() {
        // 16 frames are the first to make 500 ms.
        let found = events(frames(0, 20) + frames(0.9, 10) + frames(0, 40))
        #expect(found == [.started(sample: 20 * 512 - 4800), .stopped(sample: 46 * 512)])
    }

    @Test func prefixIsCutAtTheBeginningAndAtTheSpeechBefore() {
        let found = events(frames(0.9, 2) + frames(0, 16) + frames(0.9, 1))
        #expect(found == [.started(sample: 0), .stopped(sample: 18 * 512), .started(sample: 18 * 512)])
    }

    @Test func shortPausesAndDoubtfulFramesDoNotStop() {
        #expect(events(frames(0.9, 5) + frames(0, 15) + frames(0.9, 1) + frames(0, 15)).count == 1)
        #expect(events(frames(0.9, 5) + frames(0.4, 100)).count == 1)
        // Doubtful frames within a silence count as silence.
        #expect(events(frames(0.9, 5) + frames(0.3, 1) + frames(0.4, 15)).count == 2)
    }

    @Test func thresholdIsReached() {
        #expect(events(frames(0.49, 100)).isEmpty)
        #expect(events([0.5]) == [.started(sample: 0)])
    }

    @Test func speechThatWasTakenIsNotTakenAgain() {
        var gate = SpeechGate(Self.options)
        #expect(gate.add(1) == .started(sample: 0))
        gate.end(at: 700)
        #expect(gate.add(1) == .started(sample: 700))
    }

    @Test func gateMayBeginInTheMiddle() {
        let gate = SpeechGate(Self.options, position: 1000, floor: 1000, isSpeaking: true)
        #expect(events(frames(0, 16), gate) == [.stopped(sample: 1000 + 16 * 512)])
        let silent = SpeechGate(Self.options, position: 1000, floor: 1000)
        #expect(events([1], silent) == [.started(sample: 1000)])
    }

    @Test func noSilenceAtAllStopsAtOnce() {
        let options = SpeechGate.Options(threshold: 0, prefixMilliseconds: 0, silenceMilliseconds: 0)
        #expect(events([0, 0, 0], SpeechGate(options)) == [.started(sample: 0)])
        let strict = SpeechGate.Options(threshold: 1, prefixMilliseconds: 0, silenceMilliseconds: 0)
        #expect(events([1, 0.5], SpeechGate(strict)) == [.started(sample: 0), .stopped(sample: 1024)])
    }
}
