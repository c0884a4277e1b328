/// How long words of a window usually are. A heuristic of the reference (`add_word_timestamps`; decoding.md, section
/// 7.6), which says that finding speech in the signal should replace it.
package struct WordDurations: Sendable, Hashable {
    /// Seconds, at most 0.7; zero when no word lasts.
    package let median: Double
    /// A word longer than this is taken to reach into silence.
    package var maximum: Double { median * 2 }

    private static let largestMedian = 0.7
    private static let sentenceEnds = ".。!！?？"

    package init(_ words: [WordTiming]) {
        let durations = words.map(\.duration).filter { $0 != 0 }.sorted()
        guard !durations.isEmpty else {
            median = 0
            return
        }
        let middle = durations.count / 2
        let isOdd = !durations.count.isMultiple(of: 2)
        median = min(Self.largestMedian, isOdd ? durations[middle] : (durations[middle - 1] + durations[middle]) / 2)
    }

    /// Shortens what is too long where sentences end: the sign itself at its end, the word after it at its start.
    package func shortenAtSentenceEnds(_ words: inout [WordTiming]) {
        guard median > 0 else { return }
        for index in words.indices.dropFirst() where words[index].duration > maximum {
            if words[index].text.isPart(of: Self.sentenceEnds) {
                words[index].end = words[index].start + maximum
            } else if words[index - 1].text.isPart(of: Self.sentenceEnds) {
                words[index].start = words[index].end - maximum
            }
        }
    }
}
