import StapesCommand
import StapesTesting
import Testing

@Suite struct SpeechManifestTests {
    @Test func linesAreReadAndAudioIsRelativeToTheManifest() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write(
            """
            {"audio": "en/a.flac", "text": "a b", "language": "en", "category": "x", "expect": "text", "speaker": 1}

            {"audio": "/abs/b.flac", "text": "", "expect": "empty", "duration": 2.5}
            """, to: "m.jsonl")
        let manifest = try SpeechManifest(path: path, categories: [])
        #expect(manifest.lines.map { manifest.path(of: $0) } == [folder.path + "/en/a.flac", "/abs/b.flac"])
        #expect(manifest.lines.map(\.expectation) == [.text, .empty])
        #expect(manifest.lines[1].duration == 2.5)
    }

    @Test func categoriesPickLines() throws {
        let folder = try TemporaryDirectory()
        let lines = ["x", "y", "x"].enumerated().map { #"{"audio": "\#($0.offset)", "category": "\#($0.element)"}"# }
        let path = try folder.write(lines.joined(separator: "\n"), to: "m.jsonl")
        #expect(try SpeechManifest(path: path, categories: ["x"]).lines.map(\.audio) == ["0", "2"])
        let error = #expect(throws: CommandError.self) { try SpeechManifest(path: path, categories: ["x", "z"]) }
        #expect(error?.exitStatus == .usage)
    }

    @Test func brokenLineIsNamedByItsNumber() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("{\"audio\": \"a\"}\n{\"text\": \"no audio\"}\n", to: "m.jsonl")
        let error = #expect(throws: CommandError.self) { try SpeechManifest(path: path, categories: []) }
        #expect(error?.message == "\(path): line 2 is no manifest entry")
    }

    @Test func missingOrEmptyManifestIsAnInputError() throws {
        let folder = try TemporaryDirectory()
        let empty = try folder.write("\n", to: "m.jsonl")
        for path in [empty, folder.path + "/none"] {
            let error = #expect(throws: CommandError.self) { try SpeechManifest(path: path, categories: []) }
            #expect(error?.code == .input)
        }
    }
}
