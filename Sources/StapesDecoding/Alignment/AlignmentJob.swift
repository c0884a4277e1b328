/// One window whose ids are to be found in time: what the decoder is given once more, all at once.
package struct AlignmentJob: Sendable, Hashable {
    /// First frame of the window.
    package let seek: Int
    /// Frames of content in it.
    package let size: Int
    /// The start sequence without stamps, the text, and the end of text.
    package let tokens: [Int]
    /// Where in `tokens` the text is. The probability of the id at `i` is read at `i - 1`, among the ids of text alone.
    package let textRange: Range<Int>

    /// - Parameters:
    ///   - startSequence: of the windows; asks for stamps or not, which here makes no difference.
    ///   - text: ids below the end of text.
    package init(seek: Int, size: Int, startSequence: [Int], text: [Int], noTimestamps: Int, endOfText: Int) {
        self.seek = seek
        self.size = size
        let start = startSequence.filter { $0 != noTimestamps } + [noTimestamps]
        tokens = start + text + [endOfText]
        textRange = start.count..<start.count + text.count
    }

    package var text: ArraySlice<Int> { tokens[textRange] }

    /// Encoder positions that hold content: the others take no part.
    package var positions: Int { max(1, size / WindowTime.framesPerStamp) }

    /// The tokens whose times are wanted: each row tells where the id after it begins, the last where the text ends.
    package var rows: Range<Int> { textRange.lowerBound - 1..<textRange.upperBound }
}
