import FoundationEssentials
import Stapes
import StapesTesting
import Testing

@Suite struct TranscriptionOptionsTests {
    @Test func defaultsAreTheReferencesLibrary() {
        let options = TranscriptionOptions()
        #expect(
            options.temperatures == [0, 0.2, 0.4, 0.6, 0.8, 1] && options.seed == 0 && options.audioContext == .full)
        #expect(options.beamSize == nil && options.bestOf == nil && options.rowsPerWindow == 1)
        #expect(TranscriptionOptions.whisperCommandLine.rowsPerWindow == 5)
        #expect(TranscriptionOptions.fast.temperatures == [0])
    }

    @Test func everyFieldSurvivesJSON() throws {
        let options = TranscriptionOptions.with {
            $0.language = "de"
            $0.task = .translate
            $0.timestamps = false
            $0.initialPrompt = "Ein Wort."
            $0.suppressTokens = [1, -1]
            $0.noSpeechThreshold = nil
            $0.temperatures = [0.2]
            $0.seed = .max
            $0.beamSize = 3
            $0.voiceActivity = VoiceActivityOptions(threshold: 0.3)
            $0.audioContext = .positions(768)
            $0.allowedLanguages = ["de", "English"]
            $0.tokenLogProbabilities = true
        }
        for options in [options, TranscriptionOptions(), .whisperCommandLine, .with { $0.audioContext = .automatic }] {
            let data = try JSONEncoder().encode(options)
            #expect(try JSONDecoder().decode(TranscriptionOptions.self, from: data) == options)
        }
    }

    /// What can be told without a model.
    @Test func impossibleCombinationsAreNamed() {
        func message(_ change: (inout TranscriptionOptions) -> Void) -> String? {
            do {
                try TranscriptionOptions.with(change).check()
                return nil
            } catch {
                #expect(error.code == .invalidOption)
                return error.message
            }
        }
        #expect(message { _ in } == nil)
        #expect(message { $0.patience = 2 } == "patience needs a beam size")
        #expect(message { ($0.patience, $0.beamSize) = (2, 5) } == nil)
        #expect(message { $0.beamSize = 16 }?.contains("1 to 15") == true)
        #expect(message { $0.temperatures = [] } != nil && message { $0.temperatures = [-0.1] } != nil)
        #expect(message { $0.lengthPenalty = 1.1 } != nil && message { $0.repetitionPenalty = 0 } != nil)
        #expect(message { $0.hallucinationSilenceThreshold = 2 }?.contains("word timestamps") == true)
        #expect(message { ($0.clipTimestamps, $0.batched) = ([1, 2], true) }?.contains("exclude") == true)
        #expect(message { $0.clipTimestamps = [2, 1] } != nil)
        #expect(message { $0.allowedLanguages = [] }?.contains("at least one") == true)
        #expect(message { $0.allowedLanguages = ["de", "Klingon"] } == "no language is named 'Klingon'")
        #expect(message { ($0.language, $0.allowedLanguages) = ("fr", ["de"]) }?.contains("not among") == true)
        #expect(message { ($0.language, $0.allowedLanguages) = ("German", ["de"]) } == nil)
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
            TranscriptionOptions.with { $0.temperatures = [-0.1] }, .with { $0.temperatures = [.nan] },
            .with { $0.audioContext = .positions(0) }, .with { $0.audioContext = .positions(-1) },
            .with { $0.audioContext = .positions(1501) },
        ] {
            let error = await #expect(throws: StapesError.self) {
                try await transcriber.transcribe(SampleTests.sample, options: options)
            }
            #expect(error?.code == .invalidOption)
        }
    }

    @Test func onlyAllowedLanguagesAreDetected() async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        func detect(_ allowed: [String]?) async throws -> String {
            var options = TranscriptionOptions.fast
            options.allowedLanguages = allowed
            return try await transcriber.transcribe(SampleTests.sample, options: options).language
        }
        #expect(try await detect(nil) == "en")
        #expect(try await detect(["German", "en"]) == "en")
        #expect(["de", "fr"].contains(try await detect(["de", "fr"])))
    }

    @Test(arguments: [nil, 3]) func logProbabilitiesStandBesideTheirTokens(beamSize: Int?) async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        let options = TranscriptionOptions.english { ($0.tokenLogProbabilities, $0.beamSize) = (true, beamSize) }
        let result = try await transcriber.transcribe(SampleTests.sample, options: options)
        for segment in result.segments {
            let values = try #require(segment.tokenLogProbabilities)
            #expect(values.count == segment.tokens.count && values.allSatisfy { $0 <= 0 && $0 > -20 })
        }
        let json = String(decoding: try JSONEncoder().encode(result), as: UTF8.self)
        #expect(json.contains("token_logprobs"))
        let plain = try await transcriber.transcribe(SampleTests.sample, options: .english { $0.beamSize = beamSize })
        #expect(plain.text == result.text && plain.segments.allSatisfy { $0.tokenLogProbabilities == nil })
        #expect(!String(decoding: try JSONEncoder().encode(plain), as: UTF8.self).contains("token_logprobs"))
    }

    @Test func cacheOfLessThanNothingIsRefused() async {
        let error = await #expect(throws: StapesError.self) {
            try await Transcriber(configuration { $0.cacheByteCount = -1 })
        }
        #expect(error?.code == .invalidOption)
    }

    @Test(arguments: [0, 17]) func windowsThatCannotBeEncodedTogetherAreRefused(_ count: Int) async {
        let error = await #expect(throws: StapesError.self) {
            try await Transcriber(configuration { $0.maximumEncoderBatchSize = count })
        }
        #expect(error?.code == .invalidOption)
    }

    @Test func seedNamesTheText() async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        func transcribe(_ seed: UInt64) async throws -> Transcription {
            try await transcriber.transcribe(
                SampleTests.sample, options: .english { ($0.temperatures, $0.seed) = ([0.8], seed) })
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
            TranscriptionOptions.english { ($0.temperatures, $0.seed) = ([index % 2 == 0 ? 0.5 : 0], UInt64(index)) }
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
            SampleTests.sample, options: .english { $0.audioContext = .positions(400) }
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
        let options = TranscriptionOptions.english { $0.audioContext = .positions(400) }
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
