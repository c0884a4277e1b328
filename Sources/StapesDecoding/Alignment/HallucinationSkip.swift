/// Finds text that was made up in silence, by words that are unlikely or last strangely long or short.
///
/// A heuristic; follows the part of `transcribe` of the reference that needs `hallucination_silence_threshold`
/// (decoding.md, section 8).
package struct HallucinationSkip: Sendable {
    package enum Decision: Sendable, Hashable {
        case keep
        /// Silence comes first: the window is dropped, and the next one begins this many frames after it.
        case skip(frames: Int)
        /// The segments from an index on are dropped, and the next window begins at a frame.
        case cut(index: Int, seek: Int)
    }

    /// Seconds of silence that are worth a skip.
    private let threshold: Double
    /// First frame of the window.
    private let seek: Int
    /// Frames of content in it.
    private let size: Int
    /// Seconds from the beginning of the file; past the content where the window is not full.
    private let windowEnd: Double
    /// Frames of the file.
    private let contentFrames: Int

    package init(threshold: Double, seek: Int, size: Int, windowEnd: Double, contentFrames: Int) {
        self.threshold = threshold
        self.seek = seek
        self.size = size
        self.windowEnd = windowEnd
        self.contentFrames = contentFrames
    }

    private var windowStart: Double { WindowTime.seconds(frames: seek) }

    /// - Parameter lastSpeech: where speech ended before this window.
    package func decide(_ segments: [Segment], lastSpeech: Double) -> Decision {
        let worded = segments.indices.filter { !words(segments[$0]).isEmpty }
        guard let first = worded.first else { return .keep }
        let gap = segments[first].start - windowStart
        if gap > threshold, isAnomalous(segments[first]) {
            return .skip(frames: WindowTime.nearestFrame(seconds: gap))
        }
        var lastEnd = lastSpeech
        for (position, index) in worded.enumerated() {
            let segment = segments[index]
            let next = position + 1 < worded.count ? segments[worded[position + 1]] : nil
            if isAnomalous(segment), isSilent(before: segment, lastEnd), isSilent(after: segment, next) {
                let isLast = WindowTime.seconds(frames: contentFrames) - segment.end < threshold
                let start = max(windowStart + 1, segment.start)
                return .cut(index: index, seek: isLast ? contentFrames : WindowTime.nearestFrame(seconds: start))
            }
            lastEnd = segment.end
        }
        return .keep
    }

    private func isSilent(before segment: Segment, _ lastEnd: Double) -> Bool {
        segment.start - lastEnd > threshold || segment.start < threshold
            || segment.start - windowStart < Self.edgeSeconds
    }

    private func isSilent(after segment: Segment, _ next: Segment?) -> Bool {
        let nextStart = next.flatMap { words($0).first?.start } ?? windowStart + WindowTime.seconds(frames: size)
        return nextStart - segment.end > threshold || next.map(isAnomalous) ?? false
            || windowEnd - segment.end < Self.edgeSeconds
    }

    /// `is_segment_anomaly` of the reference.
    package func isAnomalous(_ segment: Segment) -> Bool {
        let words = words(segment)
        guard !words.isEmpty else { return false }
        let judged = words.lazy.filter { !$0.word.isPart(of: Self.punctuation) }.prefix(8)
        let score = judged.reduce(0) { $0 + Self.anomaly($1) }
        return score >= 3 || score + 0.01 >= Double(judged.count)
    }

    /// `word_anomaly_score` of the reference.
    private static func anomaly(_ word: Word) -> Double {
        let duration = word.end - word.start
        var score = word.probability < 0.15 ? 1.0 : 0.0
        if duration < 0.133 { score += (0.133 - duration) * 15 }
        if duration > 2 { score += duration - 2 }
        return score
    }

    private func words(_ segment: Segment) -> [Word] { segment.words ?? [] }

    /// Nearer to the window's edge than this, silence is taken for granted.
    private static let edgeSeconds = 2.0
    /// The reference's own list, whatever punctuation is merged.
    private static let punctuation = WordOptions.prependedPunctuation + WordOptions.appendedPunctuation
}
