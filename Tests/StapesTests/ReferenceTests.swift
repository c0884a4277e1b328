import Stapes
import StapesTesting
import Testing

/// All recordings that the reference transcribed, with the same weights.
@Suite(.enabled(if: TestModels.hasBase && SpeechData.isPresent, "needs the model base and the recordings"))
struct ReferenceTests {
    @Test func textsAreTheReferencesOnNinetyEightPercentOfFiles() async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        let languages = Dictionary(
            uniqueKeysWithValues: try SpeechData.manifest().map { ($0.audio, $0.language) })
        let references = try SpeechData.references()
        var same = 0
        for reference in references {
            let result = try await transcriber.transcribe(
                .file(path: SpeechData.path(reference.audio)),
                options: TranscriptionOptions(language: languages[reference.audio], conditionOnPreviousText: false))
            if result.text == reference.text {
                same += 1
                #expect(result.segments.map(\.tokens) == reference.tokens, "\(reference.audio)")
            } else {
                print("\(reference.audio): differs from the reference\n  \(reference.text)\n  \(result.text)")
            }
        }
        #expect(references.count == 98)
        #expect(Double(same) / Double(references.count) >= 0.98)
    }

    @Test func digitalSilenceEndsWithoutAFault() async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        for entry in try SpeechData.manifest() where entry.audio.contains("silence_digital") {
            let result = try await transcriber.transcribe(
                .file(path: SpeechData.path(entry.audio)), options: TranscriptionOptions(language: "en"))
            #expect(result.durationSeconds == entry.duration)
        }
    }
}
