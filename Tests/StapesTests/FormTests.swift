import Stapes
import StapesAudio
import StapesModel
import StapesTesting
import StapesTokenizer
import Testing

/// The same weights in other forms of file.
@Suite(.enabled(if: TestModels.hasTinyEnglish, "needs the model tiny.en"))
struct FormTests {
    private static let words = "ask not what your country can do for you"
    private static let otherForms = TestModels.otherForms(of: "tiny.en")

    @Test func tinyEnglishHearsTheSample() async throws {
        let result = try await LoadedTranscriber.tinyEnglish.get().transcribe(SampleTests.sample)
        #expect(result.language == "en")
        #expect(result.text.lowercased().contains(Self.words))
    }

    @Test(.enabled(if: !otherForms.isEmpty, "needs copies in other forms, see Scripts/fetch-model"))
    func otherFormsOfTheWeightsHearTheSame() async throws {
        let expected = try await LoadedTranscriber.tinyEnglish.get().transcribe(SampleTests.sample).text
        for form in Self.otherForms {
            let transcriber = try await Transcriber(
                TranscriberConfiguration(modelDirectory: form, computeType: .float32))
            let text = try await transcriber.transcribe(SampleTests.sample).text
            // int8 weights are rounded, so their commas may differ; their words may not.
            if form.hasSuffix("int8") {
                #expect(text.lowercased().contains(Self.words), "\(form)")
            } else {
                #expect(text == expected, "\(form)")
            }
        }
    }

    /// whisper.cpp's form of the weights, the vocabulary and the alignment heads included.
    @Test func ggmlFileHearsTheSame() async throws {
        let source = try Checkpoint(directory: TestModels.tinyEnglish)
        let tokenizer = try Tokenizer(
            directory: TestModels.tinyEnglish, vocabularySize: source.configuration.vocabularySize)
        var options = TranscriptionOptions()
        options.wordTimestamps = true
        let expected = try await LoadedTranscriber.tinyEnglish.get().transcribe(SampleTests.sample, options: options)
        for type in [GGMLType.f16, .q8_0] {
            let folder = try TemporaryDirectory()
            var bytes: [UInt8] = []
            try GGMLWriter(
                source, type: type, vocabulary: tokenizer.ordinaryTokens, melFilters: MelFilterBank(bins: 80).weights
            ).write { bytes += $0 }
            let path = try folder.write(bytes, to: "ggml-tiny.en.bin")
            let transcriber = try await Transcriber(
                TranscriberConfiguration(modelDirectory: path, computeType: .float32))
            let result = try await transcriber.transcribe(SampleTests.sample, options: options)
            if type == .f16 {
                #expect(result.text == expected.text)
                #expect(result.segments == expected.segments)
            } else {
                #expect(result.text.lowercased().contains(Self.words))
            }
        }
    }

    @Test func englishOnlyModelRefusesOtherLanguagesAndTranslation() async throws {
        let transcriber = try await LoadedTranscriber.tinyEnglish.get()
        for options in [TranscriptionOptions(language: "de"), TranscriptionOptions(task: .translate)] {
            let error = await #expect(throws: StapesError.self) {
                try await transcriber.transcribe(SampleTests.sample, options: options)
            }
            #expect(error?.code == .invalidOption)
        }
    }

    @Test(.enabled(if: SpeechData.isPresent, "needs the recordings"))
    func everyFormatGivesTheWordsOfTheClip() async throws {
        let transcriber = try await LoadedTranscriber.tinyEnglish.get()
        for entry in try SpeechData.manifest() where entry.category == "format" && entry.expect == "text" {
            let text = try await transcriber.transcribe(.file(path: SpeechData.path(entry.audio))).text
            let letters = text.lowercased().filter { $0.isLetter || $0 == " " || $0 == "'" }
            #expect(letters.split(separator: " ").joined(separator: " ") == entry.text, "\(entry.audio)")
        }
    }
}
