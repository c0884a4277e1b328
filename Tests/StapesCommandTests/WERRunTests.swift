import FoundationEssentials
import Stapes
import StapesCommand
import StapesTesting
import Testing

@Suite struct WERRunTests {
    private static let lines = [
        #"{"audio": "good", "text": "red green blue", "language": "en", "category": "a", "expect": "text"}"#,
        #"{"audio": "wrong", "text": "red green blue white", "language": "en", "category": "a", "expect": "text"}"#,
        #"{"audio": "han", "text": "你好吗", "language": "chinese", "category": "b", "expect": "text"}"#,
        #"{"audio": "silent", "text": "", "language": "en", "category": "hard", "expect": "empty"}"#,
        #"{"audio": "noise", "text": "", "language": "en", "category": "hard", "expect": "any"}"#,
        #"{"audio": "broken", "text": "", "language": "en", "category": "invalid", "expect": "error"}"#,
    ]
    private static let texts = [
        "good": ["Red, green blue!"], "wrong": ["red green glue white"], "han": ["你好"], "silent": [],
        "noise": ["La la."],
    ]

    private func report(
        lines: [String] = lines, texts: [String: [String]] = texts, detectsLanguage: Bool = false
    ) async throws -> (report: WERReport, engine: FakeEngine) {
        let folder = try TemporaryDirectory()
        let path = try folder.write(lines.joined(separator: "\n"), to: "m.jsonl")
        let placed = Dictionary(uniqueKeysWithValues: texts.map { (folder.path + "/" + $0, $1) })
        let engine = FakeEngine(placed)
        let run = WERRun(
            engine: engine, manifest: try SpeechManifest(path: path, categories: []), options: TranscriptionOptions(),
            detectsLanguage: detectsLanguage, batchSize: 3, scorer: Scorer(), console: try RecordedConsole().console)
        return (await run.run(), engine)
    }

    @Test func onlyLinesWithTextAreScored() async throws {
        let report = try await report().report
        #expect(report.files == 6)
        #expect(report.failed == [])
        #expect(report.refused.map(\.audio) == ["broken"])
        #expect((report.errors, report.words) == (2, 10))
        #expect(report.errorRate == 0.2)
        #expect(report.results.map(\.audio) == ["good", "wrong", "han", "silent", "noise"])
        #expect(report.results.map(\.words) == [3, 4, 3, nil, nil])
        #expect(report.results[4].text == " La la.")
        let scored = try #require(report.categories["a"])
        #expect((scored.files, scored.errors, scored.words) == (2, 1, 7))
        #expect(scored.errorRate == 1.0 / 7)
        let unscored = try #require(report.categories["hard"])
        #expect((unscored.files, unscored.words) == (2, 0))
        #expect(unscored.errorRate == nil)
    }

    @Test func languageIsGivenUnlessItIsToBeDetected() async throws {
        let given = try await report().engine.state.withLock { $0.languages.values.compactMap(\.self) }
        #expect(given.sorted() == ["en", "en", "en", "en", "en", "zh"])
        let detected = try await report(detectsLanguage: true).engine.state.withLock { $0.languages.values }
        #expect(detected.allSatisfy { $0 == nil })
    }

    @Test func lineThatDoesNotDoWhatItShouldIsNamed() async throws {
        var texts = Self.texts
        texts["good"] = nil
        texts["noise"] = nil
        texts["silent"] = ["You"]
        texts["broken"] = ["Hello."]
        let report = try await report(texts: texts).report
        #expect(report.failed.map(\.audio) == ["good", "silent", "noise", "broken"])
        #expect(report.failed[1].error == "there is no speech in it, but the text is \" You\"")
        #expect(report.failed[3].error == "should have been refused")
        #expect(report.refused == [])
        // A file that fails counts as one without a word.
        #expect((report.errors, report.words) == (5, 10))
    }

    @Test func unknownLanguageFailsItsLine() async throws {
        let line = #"{"audio": "good", "text": "one", "language": "klingon", "expect": "text"}"#
        let report = try await report(lines: [line]).report
        #expect(report.failed.map(\.error) == ["unknown language 'klingon'"])
    }

    @Test func jsonHasTheKeysThatAreReliedOn() async throws {
        let text = try JSONOutput.text(of: try await report().report)
        let object = try JSONDecoder().decode([String: AnyJSON].self, from: Data(text.utf8))
        for key in [
            "model", "device", "compute_type", "files", "failed", "refused", "errors", "words", "error_rate", "rtfx",
            "categories", "results",
        ] {
            #expect(object[key] != nil, "\(key)")
        }
        let results = try #require(object["results"]?.array)
        for key in ["audio", "text", "reference", "language", "errors", "words", "seconds"] {
            #expect(results.allSatisfy { $0.object?[key] != nil }, "\(key)")
        }
        #expect(results[3].object?["words"] == .null)
        let categories = try #require(object["categories"]?.object)
        #expect(Set(categories.keys) == ["a", "b", "hard", "invalid"])
        #expect(categories["hard"]?.object?["error_rate"] == .null)
    }

    @Test func tableListsCategoriesAndWrongFiles() async throws {
        let text = WERTable.text(of: try await report().report, listsFiles: true)
        #expect(text.contains("\na             2       1      7  14.29 %\n"))
        #expect(text.contains("\ntotal         6       2     10  20.00 %\n"))
        #expect(text.contains("\nwrong: 1 of 4\n"))
        #expect(!text.contains("\ngood: "))
    }
}
