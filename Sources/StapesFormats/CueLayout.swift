import StapesDecoding

/// Breaks words into cues and lines, as the reference's `SubtitlesWriter.iterate_result` does.
struct CueLayout {
    /// A word as it stands in a cue: stripped at the beginning of a line, after a line end that is part of it.
    private typealias Piece = Word

    /// Seconds from one word's start to the next's, above which a cue ends; only where cues do not keep to segments.
    private static let longPause = 3.0
    /// What the reference takes when no limit is given.
    private static let noLimit = 1000

    private let lineWidth: Int
    private let lineCount: Int?
    private let wordsPerLine: Int
    private let highlightsWords: Bool
    private let keepsToSegments: Bool

    private var finished: [Cue] = []
    private var open: [Piece] = []
    private var openLineLength = 0
    private var openLineCount = 1
    private var lastStart: Double

    /// The cues of segments whose words are known.
    static func cues(of segments: [Segment], options: LayoutOptions) -> [Cue] {
        var layout = CueLayout(options, start: segments.lazy.compactMap { $0.words?.first }.first?.start ?? 0)
        for segment in segments {
            for (index, word) in (segment.words ?? []).enumerated() {
                layout.place(word, beginsGroup: index % layout.wordsPerLine == 0)
            }
        }
        layout.finishCue()
        return layout.finished
    }

    private init(_ options: LayoutOptions, start: Double) {
        func limit(_ value: Int?) -> Int? { value.flatMap { $0 > 0 ? $0 : nil } }
        lineWidth = limit(options.maximumLineWidth) ?? Self.noLimit
        lineCount = limit(options.maximumLineCount)
        wordsPerLine = limit(options.maximumWordsPerLine) ?? Self.noLimit
        highlightsWords = options.highlightsWords
        keepsToSegments = limit(options.maximumLineWidth) == nil || lineCount == nil
        lastStart = start
    }

    /// - Parameter beginsGroup: whether a segment begins with this word, or the next few words of one.
    private mutating func place(_ word: Word, beginsGroup: Bool) {
        var piece = word
        let pauses = !keepsToSegments && word.start - lastStart > Self.longPause
        let hasRoom = openLineLength + word.word.unicodeScalars.count <= lineWidth
        let endsCue = beginsGroup && !open.isEmpty && keepsToSegments
        if openLineLength > 0, hasRoom, !pauses, !endsCue {
            openLineLength += word.word.unicodeScalars.count
        } else {
            piece.word = word.word.strippingWhitespace()
            let isFull = lineCount.map { pauses || openLineCount >= $0 } ?? false
            let length = piece.word.unicodeScalars.count
            if endsCue || !open.isEmpty && isFull {
                finishCue()
            } else if openLineLength > 0 {
                openLineCount += 1
                piece.word = "\n" + piece.word
            }
            openLineLength = length
        }
        open.append(piece)
        lastStart = word.start
    }

    private mutating func finishCue() {
        guard let first = open.first, let last = open.last else { return }
        let text = open.map(\.word).joined()
        if highlightsWords {
            highlight(text)
        } else {
            finished.append(Cue(first.start, last.end, text: text))
        }
        open = []
        openLineCount = 1
    }

    /// A cue for every word with the word underlined, and cues without underline for the time between words.
    private mutating func highlight(_ text: String) {
        var last = Timestamp.milliseconds(open[0].start)
        for (index, piece) in open.enumerated() {
            var cue = Cue(piece.start, piece.end, text: "")
            if last != cue.start {
                finished.append(Cue(start: last, end: cue.start, text: text))
            }
            cue.text = open.indices.map { $0 == index ? piece.word.underlined : open[$0].word }.joined()
            finished.append(cue)
            last = cue.end
        }
    }
}

extension String {
    /// The text between tags, white space before it left outside; as it is when it has several lines.
    ///
    /// The reference's expression is `^(\s*)(.*)$`: a dot is no line end, and the end may lie before a last line end.
    fileprivate var underlined: String {
        let scalars = unicodeScalars
        let begin = scalars.firstIndex { !$0.isStripped } ?? scalars.endIndex
        var end = scalars.endIndex
        if begin < end, scalars[scalars.index(before: end)] == "\n" { end = scalars.index(before: end) }
        if scalars[begin..<end].contains("\n") { return self }
        return String(scalars[..<begin]) + "<u>" + String(scalars[begin..<end]) + "</u>" + String(scalars[end...])
    }
}
