/// A decoded window on its way into the file's transcript: its segments, and where the next window begins.
struct DecodedWindow: Sendable, Hashable {
    let job: WindowJob
    let temperature: Double
    var segments: [Segment]
    /// First frame of the window after it.
    var nextSeek: Int
    /// The ids say themselves that nothing is spoken after them.
    let endsInSingleStamp: Bool

    /// - Parameter firstID: of its segments.
    init(_ result: WindowResult, job: WindowJob, firstID: Int, coder: some TextCoder) {
        let split = WindowSplit(
            tokens: result.tokens, seek: job.seek, size: job.size, timestampBegin: coder.special.timestampBegin)
        let compressionRatio = result.compressionRatio(coder)
        self.job = job
        temperature = result.temperature
        nextSeek = job.seek + split.advance
        endsInSingleStamp = split.endsInSingleStamp
        segments = split.pieces.enumerated().map { index, piece in
            Segment(
                id: firstID + index, seek: job.seek, start: piece.start, end: piece.end,
                text: coder.decode(piece.tokens.lazy.filter { $0 < coder.special.endOfText }),
                tokens: Array(piece.tokens), temperature: result.temperature,
                averageLogProbability: result.averageLogProbability, compressionRatio: compressionRatio,
                noSpeechProbability: result.noSpeechProbability,
                tokenLogProbabilities: result.tokenLogProbabilities.map { $0[piece.tokens.indices].map(Double.init) })
        }
    }

    /// Where the last word ends, or the last segment where none has a word, in seconds from the beginning of the file.
    /// (`get_end` of the reference.)
    var lastEnd: Double? {
        segments.last { !($0.words ?? []).isEmpty }?.words?.last?.end ?? segments.last?.end
    }

    /// Empties segments that are blank or of no length.
    ///
    /// Their place stays in the list, so ids and times go on as in the reference; their content does not.
    mutating func clearBlankSegments() {
        for index in segments.indices
        where segments[index].start == segments[index].end || segments[index].text.strippingWhitespace().isEmpty {
            segments[index].text = ""
            segments[index].tokens = []
            if segments[index].tokenLogProbabilities != nil {
                segments[index].tokenLogProbabilities = []
            }
            if segments[index].words != nil {
                segments[index].words = []
            }
        }
    }
}
