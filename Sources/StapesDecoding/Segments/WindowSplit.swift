import StapesTokenizer

/// One window's ids cut into segments, and how far to go on.
struct WindowSplit: Sendable, Hashable {
    struct Piece: Sendable, Hashable {
        /// Seconds from the beginning of the file.
        var start: Double
        var end: Double
        var tokens: ArraySlice<Int>
    }

    var pieces: [Piece]
    /// Frames from this window to the next.
    var advance: Int
    /// A single stamp at the end says that nothing is spoken after it.
    var endsInSingleStamp: Bool

    /// - Parameters:
    ///   - seek: first frame of the window.
    ///   - size: frames of content in it.
    init(tokens: [Int], seek: Int, size: Int, timestampBegin: Int) {
        let offset = WindowTime.seconds(frames: seek)
        let isStamp = { (index: Int) in tokens[index] >= timestampBegin }
        let position = { (index: Int) in tokens[index] - timestampBegin }
        let count = tokens.count

        endsInSingleStamp = count >= 2 && isStamp(count - 1) && !isStamp(count - 2)
        var cuts = tokens.indices.dropFirst().filter { isStamp($0 - 1) && isStamp($0) }

        guard let lastPair = cuts.last else {
            var end = WindowTime.seconds(frames: size)
            if let last = tokens.last(where: { $0 >= timestampBegin }), last != timestampBegin {
                end = WindowTime.seconds(stamps: last - timestampBegin)
            }
            pieces = [Piece(start: offset, end: offset + end, tokens: tokens[...])]
            advance = size
            return
        }

        if endsInSingleStamp {
            cuts.append(count)
        }
        pieces = []
        var begin = 0
        for cut in cuts {
            // Only without the stamp rules can the first piece begin with text; the reference would then take the id of
            // a word for a time before the file.
            let start = isStamp(begin) ? position(begin) : 0
            pieces.append(
                Piece(
                    start: offset + WindowTime.seconds(stamps: start),
                    end: offset + WindowTime.seconds(stamps: position(cut - 1)),
                    tokens: tokens[begin..<cut]))
            begin = cut
        }
        // Text after the last pair is unfinished: it is dropped, and decoded again from where it began.
        advance = endsInSingleStamp ? size : position(lastPair - 1) * WindowTime.framesPerStamp
        // Without the stamp rules the last pair can stand at zero, and the reference would decode this window for ever.
        if advance <= 0 {
            advance = size
        }
    }
}
