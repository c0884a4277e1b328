/// Brings text of files that are worked on at the same time into the order of the files: what belongs to the first
/// unfinished file passes at once, the rest waits.
package struct OrderedTranscript: Sendable {
    /// The file whose text passes now.
    package private(set) var current = 0
    private var waiting: [Int: String] = [:]
    private var finished: Set<Int> = []

    package init() {}

    /// - Returns: what can be printed now.
    package mutating func append(_ text: String, file: Int) -> String {
        if file == current { return text }
        waiting[file, default: ""] += text
        return ""
    }

    /// Says that nothing more comes for a file.
    ///
    /// - Returns: what can be printed now.
    package mutating func finish(file: Int) -> String {
        finished.insert(file)
        var text = ""
        while finished.remove(current) != nil {
            current += 1
            text += waiting.removeValue(forKey: current) ?? ""
        }
        return text
    }
}
