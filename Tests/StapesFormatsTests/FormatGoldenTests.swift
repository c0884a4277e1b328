import FoundationEssentials
import StapesDecoding
import StapesFormats
import Testing

/// Files that the reference's own writers wrote, recorded by `Scripts/make-format-goldens.py`.
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

    struct LayoutCase: Decodable {
        var result: Transcript
        var format: String
        var layouts: [Layout]
    }

    struct Layout: Decodable {
        var lineWidth: Int?
        var lineCount: Int?
        var wordsPerLine: Int?
        var highlightsWords: Bool
        var output: String

        enum CodingKeys: String, CodingKey {
            case output
            case lineWidth = "max_line_width"
            case lineCount = "max_line_count"
            case wordsPerLine = "max_words_per_line"
            case highlightsWords = "highlight_words"
        }

        var options: LayoutOptions {
            LayoutOptions(
                maximumLineWidth: lineWidth, maximumLineCount: lineCount, maximumWordsPerLine: wordsPerLine,
                highlightsWords: highlightsWords)
        }
    }

    private func recorded<Value: Decodable>(_ name: String, count: Int) throws -> [Value] {
        let here = String(describing: #filePath)
        let folder = here.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let data = try Data(contentsOf: URL(filePath: folder + "/Goldens/" + name))
        let cases = try JSONDecoder().decode([Value].self, from: data)
        try #require(cases.count == count)
        return cases
    }

    private func cases() throws -> [Case] { try recorded("formats.json", count: 7) }

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

    @Test func jsonLinesAreTheObjectsOfTheReferencesSegments() throws {
        for (number, golden) in try cases().enumerated() {
            let lines = render(golden.result.view, as: .jsonl).utf8.split(
                separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            #expect(lines.last?.isEmpty == true)
            let joined = lines.dropLast().map { String(Substring($0)) }.joined(separator: ", ")
            let wanted = try #require(golden.outputs["json_unescaped"])
            #expect(Array(wanted.utf8).contains(Array("\"segments\": [\(joined)]".utf8)), "case \(number)")
        }
    }

    @Test func wordsAreLaidOutAsTheReferenceDoes() throws {
        let cases: [LayoutCase] = try recorded("layouts.json", count: 53)
        var count = 0
        for (number, golden) in cases.enumerated() {
            let format = try #require(OutputFormat(rawValue: golden.format))
            for layout in golden.layouts {
                let written = Array(render(golden.result.view, as: format, layout: layout.options).utf8)
                #expect(written == Array(layout.output.utf8), "case \(number), \(layout.options)")
                count += 1
            }
        }
        #expect(count == 332)
    }

    @Test(arguments: [OutputFormat.csv, .lrc])
    func aFileEqualsWhisperCppsButForItsName(format: OutputFormat) throws {
        let cases: [Case] = try recorded("whisper-cpp.json", count: 3)
        for (number, golden) in cases.enumerated() {
            let wanted = try #require(golden.outputs[format.rawValue])
            let renamed = wanted.hasPrefix("[by:whisper.cpp]") ? "[by:stapes]" + wanted.dropFirst(16) : wanted
            #expect(Array(render(golden.result.view, as: format).utf8) == Array(renamed.utf8), "case \(number)")
        }
    }
}
