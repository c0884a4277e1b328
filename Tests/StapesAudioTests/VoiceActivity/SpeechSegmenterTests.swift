import FoundationEssentials
import StapesAudio
import Testing

@Suite struct SpeechSegmenterTests {
    private func cut(_ probabilities: [Float], sampleCount: Int? = nil, _ options: VoiceActivityOptions) -> [Range<Int>]
    {
        var segmenter = SpeechSegmenter(options)
        for probability in probabilities { segmenter.add(probability) }
        return segmenter.finish(sampleCount: sampleCount ?? probabilities.count * 512 - 1)
    }

    private func frames(_ probability: Float, _ count: Int) -> [Float] { .init(repeating: probability, count: count) }

    @Test func cutsAreThoseOfFasterWhisper() throws {
        for golden in try VoiceActivityGolden.read().cuts {
            let ranges = cut(
                VoiceActivityGolden.probabilities(golden), sampleCount: golden.sampleCount, golden.options)
            #expect(ranges == VoiceActivityGolden.ranges(golden.ranges), "seed \(golden.seed), \(golden.options)")
        }
    }

    @Test func recordedProbabilitiesAreCutAsTheRecordingWas() throws {
        for recording in try VoiceActivityGolden.read().recordings {
            for golden in recording.speech {
                let ranges = cut(recording.probabilities, sampleCount: recording.sampleCount, golden.options)
                #expect(ranges == VoiceActivityGolden.ranges(golden.ranges), "\(recording.path), \(golden.options)")
            }
        }
    }

    @Test func silenceHoldsNoSpeech() {
        #expect(cut([], sampleCount: 0, VoiceActivityOptions()) == [])
        #expect(cut(frames(0.49, 1000), VoiceActivityOptions()) == [])
    }

    @Test func speechIsPaddedWithinTheAudio() {
        let speech = frames(0.1, 10) + frames(0.9, 20) + frames(0.1, 100)
        #expect(cut(speech, VoiceActivityOptions()) == [0..<30 * 512 + 6400])
        #expect(cut(speech, VoiceActivityOptions(paddingMilliseconds: 0)) == [10 * 512..<30 * 512])
        #expect(cut(frames(0.9, 3), VoiceActivityOptions()) == [0..<3 * 512 - 1])
    }

    @Test func longSpeechIsCutAtItsLastPause() {
        let options = VoiceActivityOptions(maximumSpeechSeconds: 2, paddingMilliseconds: 0)
        // Two pauses of 5 frames, the shortest that count, then speech past two seconds.
        let speech = frames(1, 10) + frames(0, 5) + frames(1, 10) + frames(0, 5) + frames(1, 40)
        #expect(cut(speech, options) == [0..<25 * 512, 30 * 512..<70 * 512 - 1])
        // Without a pause it is cut where it becomes too long.
        let ranges = cut(frames(1, 200), options)
        #expect(ranges.count == 4)
        #expect(ranges.allSatisfy { $0.count <= 32_000 })
    }

    @Test func batchedSpeechFitsItsWindow() throws {
        for golden in try VoiceActivityGolden.read().cuts {
            let ranges = cut(VoiceActivityGolden.probabilities(golden), VoiceActivityOptions.batched())
            #expect(ranges.allSatisfy { $0.count <= 480_000 })
        }
    }

    @Test(arguments: [Int.min, -1, Int.max]) func absurdSettingsDoNotTrap(milliseconds: Int) {
        for seconds in [-Double.infinity, -1, 0, .nan, .infinity] {
            let options = VoiceActivityOptions(
                threshold: 0.5, silenceThreshold: 0.9, minimumSpeechMilliseconds: min(0, milliseconds),
                maximumSpeechSeconds: seconds, minimumSilenceMilliseconds: milliseconds,
                paddingMilliseconds: milliseconds)
            let ranges = cut(frames(0.6, 5) + frames(0.2, 9) + frames(0.7, 5), options)
            #expect(ranges.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= 19 * 512 })
        }
    }

    @Test func optionsKeepTheirValuesAsJSON() throws {
        for options in [
            VoiceActivityOptions(), .batched(), VoiceActivityOptions(threshold: 0.3, silenceThreshold: 0.2),
        ] {
            let data = try JSONEncoder().encode(options)
            #expect(try JSONDecoder().decode(VoiceActivityOptions.self, from: data) == options)
        }
    }
}
