/// A word of a window with its times, before it is given to a segment.
package struct WordTiming: Sendable, Hashable {
    /// Empty once the word has been merged into another.
    package var text: String
    /// Ids it is made of; zero once it has been merged into another.
    package var tokenCount: Int
    /// Seconds from the beginning of the window.
    package var start: Double
    package var end: Double
    package var probability: Double

    package init(text: String, tokenCount: Int, start: Double, end: Double, probability: Double) {
        self.text = text
        self.tokenCount = tokenCount
        self.start = start
        self.end = end
        self.probability = probability
    }

    var duration: Double { end - start }

    /// The words of a job's text. Follows the end of `find_alignment` of the reference (decoding.md, section 7.4).
    package static func words(
        of job: AlignmentJob, _ alignment: WindowAlignment, splitter: WordSplitter
    ) -> [WordTiming] {
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
