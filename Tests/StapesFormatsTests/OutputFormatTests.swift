import StapesDecoding
import StapesFormats
import Testing

struct OutputFormatTests {
    @Test(arguments: [
        ("srt", [OutputFormat.srt]), ("json,txt", [.json, .txt]), (" vtt , TSV", [.vtt, .tsv]),
        ("all", [.txt, .vtt, .srt, .tsv, .json]), ("srt,all", [.srt, .txt, .vtt, .tsv, .json]), ("txt,txt", [.txt]),
        ("jsonl,LRC,csv", [.jsonl, .lrc, .csv]), ("all,csv", [.txt, .vtt, .srt, .tsv, .json, .csv]),
    ])
    func aListNamesFormatsInItsOrder(list: String, formats: [OutputFormat]) throws {
        #expect(try OutputFormat.parse(list: list) == formats)
    }

    @Test(arguments: ["", "mp3", "srt,", "srt;vtt"])
    func anUnknownNameIsRefusedWithTheKnownOnes(list: String) {
        let error = #expect(throws: FormatError.self) { try OutputFormat.parse(list: list) }
        #expect(error?.code == .unknownFormat)
        #expect(error?.description.contains("txt, vtt, srt, tsv, json, jsonl, lrc, csv, all") == true)
    }

    @Test(arguments: [
        (0.0, "00:00.000", "00:00:00,000"), (59.9996, "01:00.000", "00:01:00,000"),
        (3599.999, "59:59.999", "00:59:59,999"), (3600.0, "01:00:00.000", "01:00:00,000"),
        (360_000.5, "100:00:00.500", "100:00:00,500"), (0.0005, "00:00.000", "00:00:00,000"),
        (0.0015, "00:00.002", "00:00:00,002"), (-1.0, "00:00.000", "00:00:00,000"),
        (.nan, "00:00.000", "00:00:00,000"), (.infinity, "00:00.000", "00:00:00,000"),
    ])
    func clocksShowHoursOnlyWhenNeededOrAsked(seconds: Double, short: String, long: String) {
        #expect(Timestamp.clock(seconds, alwaysHours: false, decimalMark: ".") == short)
        #expect(Timestamp.clock(seconds, alwaysHours: true, decimalMark: ",") == long)
    }

    @Test func numbersThatAreNotFiniteBecomeNull() {
        let segment = Segment(
            id: 0, seek: 0, start: 0, end: 1, text: " a", tokens: [1], temperature: 0,
            averageLogProbability: -.infinity,
            compressionRatio: .nan, noSpeechProbability: 0)
        let text = render(TranscriptView(text: " a", segments: [segment], language: "en"), as: .json)
        #expect(text.contains("\"avg_logprob\": null, \"compression_ratio\": null,"))
    }

    @Test func speechAfterABlankFirstSegmentIsWritten() {
        let blank = Segment(
            id: 0, seek: 0, start: 0, end: 30, text: "", tokens: [], temperature: 0, averageLogProbability: -1,
            compressionRatio: 0, noSpeechProbability: 0)
        var speech = blank
        (speech.id, speech.start, speech.end, speech.text, speech.tokens) = (1, 30, 31.5, " Yes.", [1])
        let text = render(TranscriptView(text: " Yes.", segments: [blank, speech], language: "en"), as: .srt)
        #expect(text == "1\n00:00:00,000 --> 00:00:30,000\n\n\n2\n00:00:30,000 --> 00:00:31,500\nYes.\n\n")
    }
}
