import StapesDecoding
import StapesFormats
import Testing

struct LayoutTests {
    private func segment(_ words: [Word]?, text: String = " a b") -> Segment {
        Segment(
            id: 0, seek: 0, start: 0, end: 9, text: text, tokens: text.isEmpty ? [] : [1], temperature: 0,
            averageLogProbability: -1, compressionRatio: 1, noSpeechProbability: 0, words: words)
    }

    private func file(_ segments: [Segment], _ layout: LayoutOptions = LayoutOptions()) -> String {
        render(TranscriptView(text: "", segments: segments, language: "en"), as: .vtt, layout: layout)
    }

    private let words = [
        Word(word: " a", start: 1, end: 1.5, probability: 1), Word(word: " b", start: 2, end: 2.5, probability: 1),
    ]

    @Test func withoutWordsTheLayoutDoesNotMatter() {
        let layout = LayoutOptions(maximumLineWidth: 1, maximumWordsPerLine: 1, highlightsWords: true)
        #expect(file([segment(nil)], layout) == "WEBVTT\n\n00:00.000 --> 00:09.000\na b\n\n")
    }

    @Test func aBlankSegmentWithoutWordsIsNoCueBesideWords() {
        #expect(file([segment(nil, text: ""), segment(words)]) == "WEBVTT\n\n00:01.000 --> 00:02.500\na b\n\n")
    }

    @Test func oneSegmentWithoutWordsMakesAllCuesSegments() {
        let text = "00:00.000 --> 00:09.000\na b\n\n"
        #expect(file([segment(words), segment(nil)]) == "WEBVTT\n\n" + text + text)
    }

    @Test(arguments: [0, -1])
    func zeroOrLessIsNoLimit(limit: Int) {
        let layout = LayoutOptions(maximumLineWidth: limit, maximumLineCount: limit, maximumWordsPerLine: limit)
        #expect(file([segment(words)], layout) == file([segment(words)]))
    }

    @Test func theTimeBetweenWordsShowsNoneUnderlined() {
        #expect(
            file([segment(words)], LayoutOptions(highlightsWords: true)) == """
                WEBVTT

                00:01.000 --> 00:01.500
                <u>a</u> b

                00:01.500 --> 00:02.000
                a b

                00:02.000 --> 00:02.500
                a <u>b</u>


                """)
    }

    @Test func hoursAreShownWhenAsked() {
        #expect(
            file([segment(nil)], LayoutOptions(alwaysShowsHours: true))
                == "WEBVTT\n\n00:00:00.000 --> 00:00:09.000\na b\n\n")
    }
}
