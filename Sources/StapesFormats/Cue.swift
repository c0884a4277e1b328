/// A text and when it is shown, in milliseconds.
struct Cue: Sendable, Hashable {
    var start: Int
    var end: Int
    var text: String

    init(start: Int, end: Int, text: String) {
        self.start = start
        self.end = end
        self.text = text
    }

    /// From times in seconds.
    init(_ start: Double, _ end: Double, text: String) {
        self.init(start: Timestamp.milliseconds(start), end: Timestamp.milliseconds(end), text: text)
    }
}
