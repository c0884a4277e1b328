/// Gives the words of a window to its segments. Follows `add_word_timestamps` of the reference (decoding.md, section
/// 7.8); the moves at a segment's edges are heuristics, which finding speech in the signal should replace.
struct SegmentWords: Sendable {
    var durations: WordDurations
    /// First id that is no text.
    var endOfText: Int
    /// Where speech ended before, in seconds from the beginning of the file.
    var lastSpeech: Double

    /// Sets `words` of every segment, and moves segments to where their words are.
    /// - Parameter offset: seconds from the beginning of the file to that of the window.
    mutating func assign(_ timings: [WordTiming], to segments: inout [Segment], offset: Double) {
        var next = 0
        for index in segments.indices {
            let wanted = segments[index].tokens.count { $0 < endOfText }
            var taken = 0
            var words: [Word] = []
            while next < timings.count, taken < wanted {
                let timing = timings[next]
                if !timing.text.isEmpty {
                    words.append(
                        Word(
                            word: timing.text, start: (offset + timing.start).roundedToHundredths,
                            end: (offset + timing.end).roundedToHundredths, probability: timing.probability))
                }
                taken += timing.tokenCount
                next += 1
            }
            fit(&words, to: &segments[index])
            segments[index].words = words
        }
    }

    private mutating func fit(_ words: inout [Word], to segment: inout Segment) {
        guard !words.isEmpty else { return }
        shortenAfterPause(&words)
        let last = words.count - 1
        if segment.start < words[0].end, segment.start - Self.tolerance > words[0].start {
            words[0].start = max(0, min(words[0].end - durations.median, segment.start))
        } else {
            segment.start = words[0].start
        }
        if segment.end > words[last].start, segment.end + Self.tolerance < words[last].end {
            words[last].end = max(words[last].start + durations.median, segment.end)
        } else {
            segment.end = words[last].end
        }
        lastSpeech = segment.end
    }

    /// The first two words after a pause reach back into it.
    private func shortenAfterPause(_ words: inout [Word]) {
        let isLong = { (start: Double, end: Double, words: Double) in end - start > durations.maximum * words }
        let hasSecond = words.count > 1
        guard words[0].end - lastSpeech > durations.median * Self.pauseWords,
            isLong(words[0].start, words[0].end, 1) || hasSecond && isLong(words[0].start, words[1].end, 2)
        else { return }
        if hasSecond, isLong(words[1].start, words[1].end, 1) {
            let boundary = max(words[1].end / 2, words[1].end - durations.maximum)
            words[0].end = boundary
            words[1].start = boundary
        }
        words[0].start = max(0, words[0].end - durations.maximum)
    }

    /// Seconds that a word may stand out of its segment before the segment's stamp is believed.
    private static let tolerance = 0.5
    /// Words that fit into a pause.
    private static let pauseWords = 4.0
}

extension Double {
    /// To 0.01, as NumPy's `round` does it: the product is rounded, a half to even.
    fileprivate var roundedToHundredths: Double { (self * 100).rounded(.toNearestOrEven) / 100 }
}
