/// The line that shows how far a file is. Only text and arithmetic: the console draws it.
package struct ProgressLine: Sendable, Hashable {
    private let label: String
    /// 0 to 1.
    private let fraction: Double
    /// Amounts and speed.
    private let detail: String

    /// Audio on its way to text.
    ///
    /// - Parameter elapsedSeconds: since work on the file began.
    package init(label: String, doneSeconds: Double, totalSeconds: Double, elapsedSeconds: Double) {
        self.label = label
        fraction = Self.fraction(doneSeconds, of: totalSeconds)
        let speed = elapsedSeconds > 0 ? (doneSeconds / elapsedSeconds).fixed(1) : "-"
        detail = "\(doneSeconds.fixed(0))/\(totalSeconds.fixed(0)) s, \(speed) x real time"
    }

    /// A file on its way to the disk.
    ///
    /// - Parameters:
    ///   - freshBytes: those of the done ones that arrived in the elapsed time.
    ///   - elapsedSeconds: below half a second no speed is told, which would be a guess.
    package init(label: String, doneBytes: Int, totalBytes: Int, freshBytes: Int, elapsedSeconds: Double) {
        self.label = label
        fraction = Self.fraction(Double(doneBytes), of: Double(totalBytes))
        let speed = elapsedSeconds > 0.5 ? ", \(ByteCount.words(Int(Double(freshBytes) / elapsedSeconds)))/s" : ""
        detail = "\(ByteCount.words(doneBytes)) of \(ByteCount.words(totalBytes))\(speed)"
    }

    private static func fraction(_ done: Double, of total: Double) -> Double {
        total > 0 ? min(1, max(0, done / total)) : 0
    }

    /// `talk.mp3 [######----]  60% 141/236 s, 18.2 x real time`, no wider than the terminal. The label gives way
    /// first, at its beginning, then the bar.
    package func line(columns: Int) -> String {
        let percent = String(Int(fraction * 100))
        let tail = String(repeating: " ", count: 3 - percent.count) + percent + "% " + detail
        // One column stays free: writing into the last one makes some terminals wrap.
        let room = max(0, columns - 1 - tail.count)
        let barWidth = room >= 24 ? 12 : 0
        let bar = barWidth == 0 ? "" : drawn(fraction, width: barWidth - 3)
        let name = shortened(label, to: room - barWidth - 1)
        return String((name.isEmpty ? "" : name + " ") + bar + tail).prefixFitting(columns - 1)
    }

    private func drawn(_ fraction: Double, width: Int) -> String {
        let filled = Int(fraction * Double(width))
        return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled) + "] "
    }

    private func shortened(_ text: String, to columns: Int) -> String {
        if text.columnCount <= columns { return text }
        guard columns >= 6 else { return "" }
        var tail = text[...]
        while tail.columnCount > columns - 3 { tail.removeFirst() }
        return "..." + tail
    }
}

extension StringProtocol {
    /// Heuristic: East Asian characters and emoji take two columns, all others one. A table of the Unicode standard's
    /// widths would replace it.
    fileprivate var columnCount: Int {
        reduce(0) { sum, character in
            let first = character.unicodeScalars.first?.value ?? 0
            return sum + (first >= 0x1100 && (first <= 0x115F || first >= 0x2E80) ? 2 : 1)
        }
    }

    fileprivate func prefixFitting(_ columns: Int) -> String {
        var text = String(self)
        while text.columnCount > Swift.max(0, columns) { text.removeLast() }
        return text
    }
}
