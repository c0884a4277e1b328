/// How subtitles with word times are broken into cues and lines. Zero or less is no limit, as nil is.
///
/// Nothing here matters to transcripts without word times: each segment is a cue, on one line.
package struct LayoutOptions: Sendable, Hashable {
    /// Characters (Unicode scalars) a line.
    package var maximumLineWidth: Int?
    /// Lines a cue. With `maximumLineWidth`, cues no longer keep to segments: a line takes words of the next one.
    package var maximumLineCount: Int?
    /// Words a cue, as long as cues keep to segments.
    package var maximumWordsPerLine: Int?
    /// A cue for every word, the word underlined in it.
    package var highlightsWords: Bool
    /// Hours in WebVTT's times also when they are zero, as OpenAI's service writes them and Whisper's program does not.
    package var alwaysShowsHours: Bool

    package init(
        maximumLineWidth: Int? = nil, maximumLineCount: Int? = nil, maximumWordsPerLine: Int? = nil,
        highlightsWords: Bool = false, alwaysShowsHours: Bool = false
    ) {
        self.maximumLineWidth = maximumLineWidth
        self.maximumLineCount = maximumLineCount
        self.maximumWordsPerLine = maximumWordsPerLine
        self.highlightsWords = highlightsWords
        self.alwaysShowsHours = alwaysShowsHours
    }
}
