import FoundationEssentials
import Stapes
import StapesTesting
import Testing

@Suite struct TranscriptionOptionsTests {
    @Test func defaultsAreGreedyOverWholeWindows() {
        let options = TranscriptionOptions()
        #expect(options.temperature == 0 && options.seed == 0 && options.audioContext == nil)
    }

    @Test func everyFieldSurvivesJSON() throws {
        let options = TranscriptionOptions(
            language: "de", task: .translate, timestamps: false, initialPrompt: "Ein Wort.",
            conditionOnPreviousText: false, suppressTokens: [1, -1], suppressBlank: false, noSpeechThreshold: nil,
            logProbabilityThreshold: -0.5, maximumInitialTimestamp: nil, temperature: 0.2, seed: .max,
            audioContext: 768)
        for options in [options, TranscriptionOptions()] {
            let data = try JSONEncoder().encode(options)
            #expect(try JSONDecoder().decode(TranscriptionOptions.self, from: data) == options)
        }
    }

    @Test func jsonHasTheNamesOfTheFields() throws {
        let json = """
            {"task": "transcribe", "timestamps": true, "conditionOnPreviousText": true, "suppressBlank": true,
             "temperature": 0.4, "seed": 18446744073709551615, "audioContext": 500}
            """
        let options = try JSONDecoder().decode(TranscriptionOptions.self, from: Data(json.utf8))
        #expect(options.temperature == 0.4 && options.seed == .max && options.audioContext == 500)
        #expect(options.language == nil && options.noSpeechThreshold == nil)
    }
}

/// Options and settings that a loaded engine refuses or heeds.
@Suite(.enabled(if: TestModels.hasBase, "needs the model base"))
struct SamplingOptionsTests {
    private func configuration(_ change: (inout TranscriberConfiguration) -> Void) -> TranscriberConfiguration {
        var configuration = TranscriberConfiguration(
            modelDirectory: TestModels.base, computeType: .float32, maximumBatchSize: 2)
        change(&configuration)
        return configuration
    }

    @Test func impossibleNumbersAreRefused() async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        for options in [
            TranscriptionOptions(temperature: -0.1), TranscriptionOptions(temperature: .nan),
            TranscriptionOptions(temperature: .infinity), TranscriptionOptions(audioContext: 0),
            TranscriptionOptions(audioContext: -1), TranscriptionOptions(audioContext: 1501),
        ] {
            let error = await #expect(throws: StapesError.self) {
                try await transcriber.transcribe(SampleTests.sample, options: options)
            }
            #expect(error?.code == .invalidOption)
        }
    }

    @Test func cacheOfLessThanNothingIsRefused() async {
        let error = await #expect(throws: StapesError.self) {
            try await Transcriber(configuration { $0.cacheByteCount = -1 })
        }
        #expect(error?.code == .invalidOption)
    }

    @Test func seedNamesTheText() async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        func transcribe(_ seed: UInt64) async throws -> Transcription {
            try await transcriber.transcribe(
                SampleTests.sample, options: TranscriptionOptions(language: "en", temperature: 0.8, seed: seed))
        }
        let first = try await transcribe(5)
        let again = try await transcribe(5)
        #expect(first.text == again.text && first.segments == again.segments)
        var texts: Set<String> = []
        for seed in 6..<8 as Range<UInt64> { texts.insert(try await transcribe(seed).text) }
        #expect(texts != [first.text], "two other seeds gave the same text")
        #expect(first.segments.allSatisfy { $0.temperature == 0.8 })
    }

    /// Alone, and beside others: the text depends on the options alone.
    @Test func drawnTextIsTheSameInABatch() async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        let options = (0..<4).map { index in
            TranscriptionOptions(language: "en", temperature: index % 2 == 0 ? 0.5 : 0, seed: UInt64(index))
        }
        var alone: [[Segment]] = []
        for options in options {
            alone.append(try await transcriber.transcribe(SampleTests.sample, options: options).segments)
        }
        let together = try await withThrowingTaskGroup(of: (Int, [Segment]).self) { group in
            for (index, options) in options.enumerated() {
                group.addTask {
                    (index, try await transcriber.transcribe(SampleTests.sample, options: options).segments)
                }
            }
            var segments = [[Segment]](repeating: [], count: options.count)
            for try await (index, result) in group { segments[index] = result }
            return segments
        }
        #expect(together == alone)
    }

    @Test func shortWindowsCoverTheFile() async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        let events = Recorder()
        let result = try await transcriber.transcribe(
            SampleTests.sample, options: TranscriptionOptions(language: "en", audioContext: 400)
        ) { events.record($0) }
        let statistics = try #require(events.statistics)
        // Eleven seconds in windows of eight; one that ends in the middle of a word is gone back to.
        #expect(statistics.windows >= 2)
        #expect(result.durationSeconds == 11)
        for segment in result.segments {
            let window = Double(segment.seek) / 100
            #expect(segment.start >= window && segment.end <= window + 8.000001, "\(segment)")
        }
        let words = Set(result.text.lowercased().split { !$0.isLetter }.map(String.init))
        #expect(words.isSuperset(of: ["ask", "not", "country", "do"]), "\(result.text)")
    }

    @Test func lookingAheadAndForgettingEverythingChangeNoText() async throws {
        let options = TranscriptionOptions(language: "en", audioContext: 400)
        let expected = try await LoadedTranscriber.base.get().transcribe(SampleTests.sample, options: options)
        let transcriber = try await Transcriber(
            configuration {
                $0.lookAhead = true
                $0.cacheByteCount = 0
                $0.requiresDeterminism = true
                $0.padsDecodeGraphs = false
                $0.decodeGraphRows = [1]
            })
        #expect(transcriber.description.looksAhead && transcriber.description.isDeterministic)
        #expect(transcriber.description.cacheByteCount == 0)
        for _ in 0..<2 {
            let events = Recorder()
            let result = try await transcriber.transcribe(SampleTests.sample, options: options) { events.record($0) }
            #expect(result.text == expected.text && result.segments == expected.segments)
            #expect(try #require(events.statistics).encodeSeconds > 0, "nothing is kept")
        }
    }
}
