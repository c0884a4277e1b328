/// Where the sampled ids stand between stamps.
enum TimestampState {
    /// The last id is text, or nothing has been sampled.
    case insideText
    /// The last id is a stamp and a segment begins: it is the first id, or follows another stamp.
    case opened
    /// The last id is a stamp and it closed the text before it.
    case closed

    init(sampled: [Int], timestampBegin: Int) {
        guard let last = sampled.last, last >= timestampBegin else {
            self = .insideText
            return
        }
        // With fewer than two ids the reference takes the one before the last for a stamp.
        let isAfterText = sampled.count >= 2 && sampled[sampled.count - 2] < timestampBegin
        self = isAfterText ? .closed : .opened
    }
}
