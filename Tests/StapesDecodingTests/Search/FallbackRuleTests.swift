import StapesDecoding
import Testing

@Suite struct FallbackRuleTests {
    private func falls(
        _ rule: FallbackRule = FallbackRule(), ratio: Double = 1, average: Double = -0.5, noSpeech: Double = 0
    ) -> Bool {
        rule.needsFallback(compressionRatio: ratio, averageLogProbability: average, noSpeechProbability: noSpeech)
    }

    @Test func repetitiveOrUnlikelyTextIsTriedAgain() {
        #expect(!falls())
        #expect(falls(ratio: 2.41) && !falls(ratio: 2.4))
        #expect(falls(average: -1.01) && !falls(average: -1))
    }

    @Test func unlikelyTextOfASilentWindowIsSilence() {
        #expect(!falls(average: -1.5, noSpeech: 0.61))
        #expect(falls(average: -1.5, noSpeech: 0.6))
        // Repetition of unlikely text is silence too; repetition of likely text is not.
        #expect(!falls(ratio: 9, average: -1.5, noSpeech: 0.7))
        #expect(falls(ratio: 9, average: -0.5, noSpeech: 0.7))
    }

    @Test func missingThresholdTurnsItsTestOff() {
        #expect(!falls(FallbackRule(compressionRatioThreshold: nil), ratio: 9))
        #expect(!falls(FallbackRule(logProbabilityThreshold: nil), average: -9))
        #expect(falls(FallbackRule(noSpeechThreshold: nil), average: -9, noSpeech: 1))
        // Without a threshold no text is unlikely, so no window is silent by it.
        #expect(falls(FallbackRule(logProbabilityThreshold: nil), ratio: 9, average: -9, noSpeech: 1))
    }
}
