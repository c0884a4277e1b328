/// A part of the file to transcribe, in frames: `start` up to and without `end`.
struct Clip: Sendable, Hashable {
    var start: Int
    var end: Int

    /// The parts a flat list of times asks for, in its order.
    ///
    /// Times outside the file are moved to its edges. The reference takes them as they are, and past the content its
    /// window has no size and its loop no end; inside the content nothing differs.
    static func clips(timestamps: [Double], contentFrames: Int) -> [Clip] {
        var edges = timestamps.map { WindowTime.frames(seconds: $0, contentFrames: contentFrames) }
        if edges.isEmpty {
            edges.append(0)
        }
        if !edges.count.isMultiple(of: 2) {
            edges.append(contentFrames)
        }
        return stride(from: 0, to: edges.count, by: 2).map { Clip(start: edges[$0], end: edges[$0 + 1]) }
    }
}
