import FoundationEssentials
import StapesDecoding
import StapesFormats
import Testing

/// Texts that would break a file if they were written as they are.
struct SafeTextTests {
    private func transcript(_ text: String, words: [String]? = nil) -> TranscriptView {
        let segment = Segment(
            id: 0, seek: 0, start: 1, end: 2.5, text: text, tokens: [1], temperature: 0, averageLogProbability: -1,
            compressionRatio: 1, noSpeechProbability: 0,
            words: words?.map { Word(word: $0, start: 1, end: 2.5, probability: 1) })
        return TranscriptView(text: text, segments: [segment], language: "en")
    }

    @Test(arguments: [
        (" a\tb", "1000\t2500\ta b\n"), (" a\nb", "1000\t2500\ta b\n"), (" a\r\nb", "1000\t2500\ta  b\n"),
        (" \"a\"", "1000\t2500\t\"a\"\n"), (" a\0b", "1000\t2500\ta\u{FFFD}b\n"),
    ])
    func aTabTablesRowIsOneLineOfThreeFields(text: String, row: String) {
        #expect(render(transcript(text), as: .tsv) == "start\tend\ttext\n" + row)
    }

    @Test(arguments: [
        (" say \"a, b\"", "1000,2500,\" say \"\"a, b\"\"\"\n"), (" a\r\nb\tc", "1000,2500,\" a  b\tc\"\n"),
        (" a\0", "1000,2500,\" a\u{FFFD}\"\n"), ("", "1000,2500,\"\"\n"),
    ])
    func aCommaTablesTextStaysInItsQuotes(text: String, row: String) {
        #expect(render(transcript(text), as: .csv) == "start,end,text\n" + row)
    }

    @Test(arguments: [
        ("[00:07.00] a", "[00:01.00] [00:07.00] a\n"), (" a\nb\r", "[00:01.00] a b \n"),
        (" a\0", "[00:01.00] a\u{FFFD}\n"), ("[", "[00:01.00] [\n"),
    ])
    func aLyricsLineHasOneTime(text: String, line: String) {
        #expect(render(transcript(text), as: .lrc) == "[by:stapes]\n" + line)
    }

    @Test(arguments: [
        (" a --> b", "a -> b"), (" ----> b", "-> b"), (" -->-->", "->->"), (" --\u{301}>", "--\u{301}>"),
        (" a\n\nb", "a\nb"), (" a\r\n \t\r\rb", "a\nb"), (" a\nb", "a\nb"), (" a\0b", "a\u{FFFD}b"),
    ])
    func aCueHasNoArrowNoEmptyLineAndNoNUL(text: String, shown: String) {
        for words in [nil, [text]] {
            let file = render(transcript(text, words: words), as: .vtt)
            #expect(Array(file.utf8) == Array("WEBVTT\n\n00:01.000 --> 00:02.500\n\(shown)\n\n".utf8))
        }
    }

    @Test func anArrowOverSeveralWordsIsFound() {
        let file = render(transcript(" a --> b", words: [" a", " -", "-", "> b"]), as: .srt)
        #expect(file == "1\n00:00:01,000 --> 00:00:02,500\na -> b\n\n")
    }

    @Test func emptyLinesOfWordsAreLeftOut() {
        let file = render(
            transcript(" a\n\nb", words: [" a", "\n", " \n", "\nb"]), as: .srt,
            layout: LayoutOptions(maximumLineWidth: 1))
        #expect(file == "1\n00:00:01,000 --> 00:00:02,500\na\nb\n\n")
    }

    @Test(arguments: [" a\n\0\"\\\u{2028}\u{7F}", " ]}\n{\"id\": 1}"])
    func aJSONLineIsOneLineAndReadsBack(text: String) throws {
        let view = transcript(text, words: [text])
        let line = renderLine(view.segments[0])
        #expect(line.utf8.count { $0 < 0x20 } == 1 && line.utf8.last == UInt8(ascii: "\n"))
        #expect(try JSONDecoder().decode(Segment.self, from: Data(line.utf8)) == view.segments[0])
    }
}
