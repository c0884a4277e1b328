import FoundationEssentials
import StapesDecoding
import StapesFormats
import Testing

/// Files that the reference's own writers wrote.
struct FormatGoldenTests {
    struct Transcript: Decodable {
        var text: String
        var segments: [Segment]
        var language: String

        var view: TranscriptView { TranscriptView(text: text, segments: segments, language: language) }
    }

    struct Case: Decodable {
        var result: Transcript
        var outputs: [String: String]
    }

    private func cases() throws -> [Case] {
        let here = String(describing: #filePath)
        let folder = here.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let data = try Data(contentsOf: URL(filePath: folder + "/Goldens/formats.json"))
        let cases = try JSONDecoder().decode([Case].self, from: data)
        try #require(cases.count == 6)
        return cases
    }

    @Test(arguments: [OutputFormat.txt, .vtt, .srt, .tsv])
    func aFileEqualsTheReferencesByteForByte(format: OutputFormat) throws {
        for (number, golden) in try cases().enumerated() {
            let written = Array(render(golden.result.view, as: format).utf8)
            let wanted = Array(try #require(golden.outputs[format.rawValue]).utf8)
            #expect(written == wanted, "case \(number)")
        }
    }

    @Test func jsonEqualsTheReferencesWithLettersUnescaped() throws {
        for (number, golden) in try cases().enumerated() {
            let written = Array(render(golden.result.view, as: .json).utf8)
            let wanted = Array(try #require(golden.outputs["json_unescaped"]).utf8)
            #expect(written == wanted, "case \(number)")
        }
    }

    @Test func jsonReadsBackAsTheReferencesFile() throws {
        for golden in try cases() {
            let decoder = JSONDecoder()
            let written = try decoder.decode(Transcript.self, from: Data(render(golden.result.view, as: .json).utf8))
            let wanted = try decoder.decode(Transcript.self, from: Data(try #require(golden.outputs["json"]).utf8))
            #expect(written.view == wanted.view)
        }
    }
}
