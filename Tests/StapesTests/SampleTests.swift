import FoundationEssentials
import Stapes
import StapesTesting
import Testing

/// The project's own recording against what the reference made of it.
@Suite(.enabled(if: TestModels.hasBase, "needs the model base"))
struct SampleTests {
    static let sample = AudioSource.file(path: Repository.directory + "/Samples/jfk-inaugural.flac")

    private func golden() throws -> SpeechData.Reference {
        let path = Repository.directory + "/Tests/StapesTests/Goldens/jfk-inaugural.base.json"
        return try JSONDecoder().decode(SpeechData.Reference.self, from: Data(contentsOf: URL(filePath: path)))
    }

    @Test func sampleInFloat32EqualsTheReference() async throws {
        let golden = try golden()
        let result = try await LoadedTranscriber.base.get().transcribe(
            Self.sample, options: TranscriptionOptions(language: "en"))
        #expect(result.text == golden.text)
        #expect(result.segments.map(\.tokens) == golden.tokens)
        for (index, segment) in result.segments.enumerated() {
            #expect(abs(segment.start - golden.segments[index][0]) < 1e-6)
            #expect(abs(segment.end - golden.segments[index][1]) < 1e-6)
            #expect(abs(segment.averageLogProbability - golden.averageLogProbability[index]) < 1e-3)
            #expect(abs(segment.noSpeechProbability - golden.noSpeechProbability[index]) < 1e-3)
            #expect(abs(segment.compressionRatio - golden.compressionRatio[index]) < 1e-4)
        }
        #expect(result.durationSeconds == 11)
    }

    @Test(arguments: [ComputeType.auto, .float16, .bfloat16, .bfloat16Encoder, .int16Encoder, .int8])
    func sampleHasTheSameWords(type: ComputeType) async throws {
        let transcriber = try await Transcriber(
            TranscriberConfiguration(modelDirectory: TestModels.base, computeType: type))
        let result = try await transcriber.transcribe(Self.sample, options: TranscriptionOptions(language: "en"))
        #expect(result.text == (try golden()).text)
    }

    @Test func languageIsDetectedWhenNoneIsGiven() async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        let result = try await transcriber.transcribe(Self.sample)
        #expect(result.language == "en")
        #expect(result.text == (try golden()).text)
        let languages = try await transcriber.detectLanguage(Self.sample)
        #expect(languages.count == 99)
        #expect(languages[0].code == "en" && languages[0].probability > 0.9)
        #expect(abs(languages.reduce(0) { $0 + $1.probability } - 1) < 1e-4)
    }

    @Test func languageNobodyKnowsIsRefused() async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        await #expect(throws: StapesError.self) {
            try await transcriber.transcribe(Self.sample, options: TranscriptionOptions(language: "klingon"))
        }
    }

    @Test func sameAudioAgainNeedsNoEncoding() async throws {
        let transcriber = try await Transcriber(
            TranscriberConfiguration(modelDirectory: TestModels.base, computeType: .float32, maximumBatchSize: 2))
        let first = try await encodeSeconds(transcriber)
        let second = try await encodeSeconds(transcriber)
        #expect(first.seconds > 0)
        #expect(second.seconds == 0)
        #expect(first.text == second.text)
    }

    private func encodeSeconds(_ transcriber: Transcriber) async throws -> (seconds: Double, text: String) {
        let statistics = Recorder()
        let result = try await transcriber.transcribe(Self.sample, options: TranscriptionOptions(language: "en")) {
            statistics.record($0)
        }
        return (try #require(statistics.statistics).encodeSeconds, result.text)
    }

    @Test func everyTaskOfABatchGetsItsOwnText() async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        let alone = try await transcriber.transcribe(Self.sample, options: TranscriptionOptions(language: "en"))
        let prompted = TranscriptionOptions(language: "en", initialPrompt: "Inaugural address, 1961.")
        let promptedAlone = try await transcriber.transcribe(Self.sample, options: prompted)
        let texts = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for index in 0..<12 {
                let options = index % 2 == 0 ? TranscriptionOptions(language: "en") : prompted
                group.addTask { (index, try await transcriber.transcribe(Self.sample, options: options).text) }
            }
            var texts: [Int: String] = [:]
            for try await (index, text) in group { texts[index] = text }
            return texts
        }
        for index in 0..<12 { #expect(texts[index] == (index % 2 == 0 ? alone : promptedAlone).text) }
    }

    @Test func cancelledTaskEndsWithCancelled() async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        let task = Task { try await transcriber.transcribe(Self.sample, options: TranscriptionOptions(language: "fr")) }
        task.cancel()
        let error = await #expect(throws: StapesError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }
}
