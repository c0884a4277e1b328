/// Times of words, window after window: what a walk through a file with word times has on top of one without.
///
/// Follows `transcribe` of the reference behind `word_timestamps` (decoding.md, sections 7.6 to 8).
struct WordTimes: Sendable {
    private let options: WordOptions
    private let contentFrames: Int
    private let windowFrames: Int
    private let endOfText: Int
    private let splitter: WordSplitter
    private let punctuation: PunctuationMerge
    /// Where the last word so far ends, in seconds.
    private var lastSpeech = 0.0

    init(options: WordOptions, contentFrames: Int, windowFrames: Int, coder: some TextCoder) {
        self.options = options
        self.contentFrames = contentFrames
        self.windowFrames = windowFrames
        endOfText = coder.special.endOfText
        splitter = WordSplitter(language: options.language, coder: coder)
        punctuation = PunctuationMerge(
            prepended: options.prependedPunctuation, appended: options.appendedPunctuation)
    }

    /// Gives a window's segments their words, moves the next window to where words end, and drops what looks made up.
    ///
    /// - Returns: false if the whole window is to be dropped.
    mutating func assign(_ alignment: WindowAlignment, of job: AlignmentJob, to window: inout DecodedWindow) -> Bool {
        var timings = WordTiming.words(of: job, alignment, splitter: splitter)
        let durations = WordDurations(timings)
        durations.shortenAtSentenceEnds(&timings)
        punctuation.apply(to: &timings)
        var words = SegmentWords(durations: durations, endOfText: endOfText, lastSpeech: lastSpeech)
        words.assign(timings, to: &window.segments, offset: WindowTime.seconds(frames: job.seek))

        let windowEnd = WindowTime.seconds(frames: job.seek + windowFrames)
        seekToLastWord(&window, windowEnd: windowEnd)
        guard skipHallucinations(&window, windowEnd: windowEnd) else { return false }
        lastSpeech = window.lastEnd ?? lastSpeech
        return true
    }

    /// Goes on behind the last word, where the ids do not say that the window is spoken for to its end; where so little
    /// is left that it would not be skipped as silence, behind the window (decoding.md, sections 7.9 and 8.1).
    private func seekToLastWord(_ window: inout DecodedWindow, windowEnd: Double) {
        let job = window.job
        guard !window.endsInSingleStamp, let end = window.lastEnd, end > WindowTime.seconds(frames: job.seek)
        else { return }
        let isRestShort = options.hallucinationSilence.map { windowEnd - end <= $0 } ?? false
        let seek = WindowTime.nearestFrame(seconds: end)
        // A last word that ends within the first frame would have the reference decode the window again, and for ever.
        window.nextSeek = isRestShort || seek <= job.seek ? job.seek + job.size : seek
    }

    /// - Returns: false if the whole window is to be dropped.
    private func skipHallucinations(_ window: inout DecodedWindow, windowEnd: Double) -> Bool {
        guard let threshold = options.hallucinationSilence else { return true }
        let job = window.job
        let skip = HallucinationSkip(
            threshold: threshold, seek: job.seek, size: job.size, windowEnd: windowEnd, contentFrames: contentFrames)
        switch skip.decide(window.segments, lastSpeech: lastSpeech) {
        case .keep: break
        case .skip(let frames):
            window.nextSeek = job.seek + max(1, frames)
            return false
        case .cut(let index, let seek):
            window.segments.removeSubrange(index...)
            window.nextSeek = seek
        }
        return true
    }
}
