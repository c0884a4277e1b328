import Stapes
import StapesDecoding
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
        Case(name: "tiny.en.beam-variants", mostDifferences: 0),
    ]

    static let base = [
        Case(name: "base.beam", mostDifferences: 1, every: 4), Case(name: "base.translation", mostDifferences: 0),
        Case(name: "base.prompts", mostDifferences: 1, every: 3),
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

    @Test(
        .enabled(if: TestModels.hasBase && TestModels.hasTinyEnglish, "needs the models base and tiny.en"),
        arguments: ["tiny.en.fallback", "base.fallback"])
    func hardWindowsFallBackWhereTheReferenceDoes(_ name: String) async throws {
        let reference = try ReferenceSet(name)
        let models = reference.model == "base" ? LoadedTranscriber.base : .tinyEnglish
        let transcriber = try await models.get()
        var compared = 0
        for record in reference.records {
            var options = try reference.options(of: record)
            // Silent windows are to be seen; up to the first of them nothing else changes.
            options.noSpeechThreshold = nil
            let result = try await transcriber.transcribe(
                .file(path: SpeechData.path(record.audio)), options: options)
            for window in record.windows {
                guard let found = result.segments.first(where: { $0.seek == window.seek }) else {
                    Issue.record("\(record.audio): no window at \(window.seek)")
                    break
                }
                #expect(abs(found.averageLogProbability - window.averageLogProbability) < 1e-3, "\(record.audio)")
                #expect(abs(found.noSpeechProbability - window.noSpeechProbability) < 1e-3, "\(record.audio)")
                #expect(abs(found.compressionRatio - window.compressionRatio) < 1e-3, "\(record.audio)")
                let falls = FallbackRule().needsFallback(
                    compressionRatio: found.compressionRatio, averageLogProbability: found.averageLogProbability,
                    noSpeechProbability: found.noSpeechProbability)
                #expect(falls == (window.needsFallback ?? false), "\(record.audio) at \(window.seek)")
                compared += 1
                if window.noSpeechProbability > 0.6, window.averageLogProbability <= -1 { break }
            }
        }
        print("\(name): \(compared) windows compared")
        #expect(compared > 20)
    }

    private func compare(_ set: Case, transcriber: Transcriber) async throws {
        let reference = try ReferenceSet(set.name)
        #expect(reference.records.count > 5)
        var differing: [String] = []
        var (words, wordsInTime) = (0, 0)
        let records = reference.records.enumerated().filter { $0.offset % set.every == 0 }.map(\.element)
        for record in records {
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
        print("\(set.name): \(records.count) records, \(differing.count) differ, \(words) words")
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
