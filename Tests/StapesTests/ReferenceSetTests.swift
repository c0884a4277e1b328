import Stapes
import StapesTesting
import Testing

/// Tokens, times, scores and words against openai/whisper 20250625, float32, with the same weights.
@Suite(.enabled(if: SpeechData.isPresent, "needs the recordings"))
struct ReferenceSetTests {
    /// Sets of recordings and options, and how many records may differ: a near tie of two logits can fall either way on
    /// another processor.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let mostDifferences: Int
        /// Every record, or one of so many: a set takes minutes.
        var every = 1
        var testDescription: String { name }
    }

    static let tinyEnglish = [
        Case(name: "tiny.en.greedy", mostDifferences: 1), Case(name: "tiny.en.beam", mostDifferences: 1),
        Case(name: "tiny.en.words", mostDifferences: 1), Case(name: "tiny.en.words-silence", mostDifferences: 0),
        Case(name: "tiny.en.edges", mostDifferences: 0), Case(name: "tiny.en.prompts", mostDifferences: 1),
    ]

    static let base = [
        Case(name: "base.beam", mostDifferences: 1, every: 4), Case(name: "base.translation", mostDifferences: 0),
    ]

    @Test(.enabled(if: TestModels.hasTinyEnglish, "needs the model tiny.en"), arguments: tinyEnglish)
    func tinyEnglishAgrees(_ set: Case) async throws {
        try await compare(set, transcriber: try await LoadedTranscriber.tinyEnglish.get())
    }

    @Test(
        .enabled(if: TestModels.hasBase, "needs the model base"),
        arguments: base)
    func baseAgrees(_ set: Case) async throws {
        try await compare(set, transcriber: try await LoadedTranscriber.base.get())
    }

    private func compare(_ set: Case, transcriber: Transcriber) async throws {
        let reference = try ReferenceSet(set.name)
        #expect(reference.records.count > 5)
        var differing: [String] = []
        var (words, wordsInTime) = (0, 0)
        for (index, record) in reference.records.enumerated() where index % set.every == 0 {
            let result = try await transcriber.transcribe(
                .file(path: SpeechData.path(record.audio)), options: try reference.options(of: record))
            let expected = record.windows.flatMap(\.segments)
            guard result.segments.map(\.tokens) == expected.map(\.tokens) else {
                differing.append(record.audio)
                continue
            }
            for (found, known) in zip(result.segments, expected) {
                #expect(abs(found.start - known.start) <= 0.0401 && abs(found.end - known.end) <= 0.0401)
                for (word, other) in zip(found.words ?? [], known.words ?? []) {
                    words += 1
                    #expect(word.word == other.word)
                    #expect(abs(word.probability - other.probability) < 1e-3)
                    if abs(word.start - other.start) <= 0.0401, abs(word.end - other.end) <= 0.0401 { wordsInTime += 1 }
                }
                #expect(found.words?.count ?? 0 == known.words?.count ?? 0)
            }
            expectScores(result, record)
        }
        print("\(set.name): \(reference.records.count) records, \(differing.count) differ, \(words) words")
        #expect(differing.count <= set.mostDifferences, "\(set.name): \(differing)")
        #expect(Double(wordsInTime) >= 0.98 * Double(words))
    }

    /// Of every window that has segments, within 1e-3.
    private func expectScores(_ result: Transcription, _ record: ReferenceSet.Record) {
        for window in record.windows {
            for segment in result.segments where segment.seek == window.seek {
                #expect(abs(segment.averageLogProbability - window.averageLogProbability) < 1e-3, "\(record.audio)")
                #expect(abs(segment.noSpeechProbability - window.noSpeechProbability) < 1e-3, "\(record.audio)")
                #expect(abs(segment.compressionRatio - window.compressionRatio) < 1e-3, "\(record.audio)")
            }
        }
    }
}
