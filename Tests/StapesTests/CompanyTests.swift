import Stapes
import StapesTesting
import Testing

/// A request's text, tokens, times and scores are the same alone and among fifteen others, whatever they ask for.
@Suite(.enabled(if: TestModels.hasTinyEnglish, "needs the model tiny.en"))
struct CompanyTests {
    private static var requests: [TranscriptionOptions] {
        let changes: [(inout TranscriptionOptions) -> Void] = [
            { _ in }, { $0.beamSize = 5 }, { ($0.beamSize, $0.patience) = (3, 2) },
            { ($0.beamSize, $0.lengthPenalty) = (5, 0.6) }, { ($0.temperatures, $0.bestOf) = ([0.8], 5) },
            { ($0.temperatures, $0.seed) = ([0.4], 9) }, { $0.wordTimestamps = true },
            { ($0.wordTimestamps, $0.hallucinationSilenceThreshold) = (true, 1) },
            { $0.initialPrompt = "Names: Kennedy, Anna." }, { ($0.prefix, $0.timestamps) = ("And so", false) },
            { $0.hotwords = "fellow Americans" }, { ($0.repetitionPenalty, $0.noRepeatNgramSize) = (1.2, 3) },
            { $0.clipTimestamps = [1, 4, 5] }, { $0.audioContext = .positions(500) },
            // No result is ever good enough: the whole ladder.
            { ($0.temperatures, $0.logProbabilityThreshold) = ([0, 0.5, 1], 0) },
            { options in
                if TestModels.hasVoiceActivity { options.batched = true }
                options.suppressTokens = []
            },
        ]
        return changes.map { change in TranscriptionOptions.english { change(&$0) } }
    }

    @Test func everyRequestIsTheSameAmongFifteenOthers() async throws {
        let transcriber = try await Transcriber(
            TranscriberConfiguration(
                modelDirectory: TestModels.tinyEnglish,
                voiceActivityDirectory: TestModels.voiceActivity, computeType: .float32,
                maximumBatchSize: 32, requiresDeterminism: true))
        let requests = Self.requests
        #expect(requests.count == 16)
        var alone: [Transcription] = []
        for options in requests {
            alone.append(try await transcriber.transcribe(SampleTests.sample, options: options))
        }
        #expect(Set(alone.map(\.text)).count > 5, "the requests differ")
        for _ in 0..<2 {
            let together = try await withThrowingTaskGroup(of: (Int, Transcription).self) { group in
                for (index, options) in requests.enumerated() {
                    group.addTask {
                        (index, try await transcriber.transcribe(SampleTests.sample, options: options))
                    }
                }
                return try await group.reduce(into: alone) { $0[$1.0] = $1.1 }
            }
            for (index, (one, other)) in zip(alone, together).enumerated() {
                #expect(one == other, "request \(index)")
            }
        }
    }
}
