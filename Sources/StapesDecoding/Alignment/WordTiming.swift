/// A word of a window with its times, before it is given to a segment.
struct WordTiming: Sendable, Hashable {
    /// Empty once the word has been merged into another.
    var text: String
    /// Ids it is made of; zero once it has been merged into another.
    var tokenCount: Int
    /// Seconds from the beginning of the window.
    var start: Double
    var end: Double
    var probability: Double

    var duration: Double { end - start }

    /// The words of a job's text. Follows the end of `find_alignment` of the reference (decoding.md, section 7.4).
    static func words(of job: AlignmentJob, _ alignment: WindowAlignment, splitter: WordSplitter) -> [WordTiming] {
        precondition(alignment.probabilities.count == job.text.count, "an alignment belongs to the job it was made for")
        // With the end of text, which makes the last piece and is no word.
        let pieces = splitter.split(Array(job.tokens[job.textRange.lowerBound...])).dropLast()
        var begin = 0
        return pieces.map { piece in
            let end = begin + piece.tokens.count
            defer { begin = end }
            let sum = alignment.probabilities[begin..<end].reduce(0, +)
            return WordTiming(
                text: piece.text, tokenCount: piece.tokens.count, start: alignment.edges[begin],
                end: alignment.edges[end], probability: sum / Double(end - begin))
        }
    }
}
