import StapesEvaluation
import StapesTesting
import Testing

/// Scores of two published runs over the shared speech data, recomputed from their transcripts.
@Suite(.enabled(if: SpeechData.isPresent, "needs the recordings"))
struct PublishedScoresTests {
    /// A transcript with the errors its maker counted, where it says so.
    private struct Transcript: Decodable {
        let audio: String
        let hyp: String?
        let text: String?
        let errors: Int?
        let words: Int?
    }

    /// The only spelling of the big table that matters in these transcripts.
    private let spellings = Spellings(["humour": "humor"])

    private func counts(_ file: String) throws -> [(
        recording: SpeechData.Entry, own: ErrorCount, theirs: ErrorCount?
    )] {
        let recordings = try SpeechData.manifest().filter { $0.expect == "text" }
        let byAudio = Dictionary(uniqueKeysWithValues: recordings.map { ($0.audio, $0) })
        return try SpeechData.lines(file, as: Transcript.self).compactMap { transcript in
            guard let recording = byAudio[transcript.audio], let hypothesis = transcript.hyp ?? transcript.text
            else { return nil }
            let own = errorCount(
                reference: recording.text, hypothesis: hypothesis, language: recording.language, spellings: spellings)
            let theirs = transcript.errors.flatMap { errors in
                transcript.words.map { ErrorCount(errors: errors, words: $0) }
            }
            return (recording, own, theirs)
        }
    }

    private func total(_ file: String, _ categories: Set<String>) throws -> ErrorCount {
        try counts(file).filter { categories.contains($0.recording.category) }.map(\.own).reduce(ErrorCount(), +)
    }

    private static let english: Set = ["english_short", "english_long", "english_single_word"]

    @Test("the beam-search run scores 7.38 % in English and nothing wrong in other formats")
    func beamSearchRun() throws {
        let file = "baseline_base_int8_dev.jsonl"
        #expect(try total(file, Self.english) == ErrorCount(errors: 110, words: 1490))
        #expect(try total(file, ["format"]) == ErrorCount(errors: 0, words: 340))
        #expect(try total(file, ["hard"]) == ErrorCount(errors: 70, words: 337))
    }

    @Test("every file of the beam-search run has the errors its maker counted, traditional Chinese aside")
    func beamSearchRunPerFile() throws {
        let counts = try counts("baseline_base_int8_dev.jsonl")
        #expect(counts.count == 154)
        // The recorded count fits the transcript written in simplified characters; Whisper's normalizer leaves the script.
        let traditional = "zh/aishell/BAC009S0724W0121.flac"
        for count in counts where count.recording.audio != traditional {
            #expect(count.own == count.theirs, "\(count.recording.audio)")
        }
    }

    @Test("the greedy run scores 7.92 % in English and 24.93 % in other languages")
    func greedyRun() throws {
        let file = "reference_base_float32_greedy.jsonl"
        #expect(try total(file, Self.english) == ErrorCount(errors: 118, words: 1490))
        #expect(try total(file, ["multilingual"]) == ErrorCount(errors: 185, words: 742))
    }
}
