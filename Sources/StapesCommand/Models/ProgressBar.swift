import Foundation
import StapesHub
import Synchronization

/// One line on standard error that is rewritten as a pull advances. nil where standard error is no terminal.
final class ProgressBar: Sendable {
    private struct State {
        var startCount: Int?
        var start = ContinuousClock.now
        var lastShown: ContinuousClock.Instant?
        var isVisible = false
    }

    /// Between two drawings; the pieces come far more often.
    private static let interval = Duration.milliseconds(100)
    private static let width = 24

    private let label: String
    private let state = Mutex(State())

    init?(label: String) {
        guard isatty(STDERR_FILENO) == 1 else { return nil }
        self.label = label
    }

    func show(_ progress: PullProgress) {
        let line = state.withLock { state -> String? in
            let now = ContinuousClock.now
            let isDone = progress.receivedByteCount == progress.totalByteCount
            if let last = state.lastShown, now - last < Self.interval, !isDone { return nil }
            if state.startCount == nil { (state.startCount, state.start) = (progress.receivedByteCount, now) }
            state.lastShown = now
            state.isVisible = true
            let (seconds, attoseconds) = (now - state.start).components
            let elapsed = Double(seconds) + Double(attoseconds) * 1e-18
            return text(progress, fresh: progress.receivedByteCount - (state.startCount ?? 0), elapsed: elapsed)
        }
        if let line { Self.write("\r" + line + "\u{1B}[K") }
    }

    /// Takes the line away.
    func clear() {
        let wasVisible = state.withLock { state in
            defer { state.isVisible = false }
            return state.isVisible
        }
        if wasVisible { Self.write("\r\u{1B}[K") }
    }

    /// `base  [########----------------]  33 %  48.1 MB of 145 MB  11.2 MB/s  model.safetensors`
    private func text(_ progress: PullProgress, fresh: Int, elapsed: Double) -> String {
        let share =
            progress.totalByteCount > 0 ? Double(progress.receivedByteCount) / Double(progress.totalByteCount) : 1
        let filled = min(Self.width, Int(share * Double(Self.width)))
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: Self.width - filled)
        let counts = "\(ByteCount.words(progress.receivedByteCount)) of \(ByteCount.words(progress.totalByteCount))"
        let speed = elapsed > 0.5 ? "  \(ByteCount.words(Int(Double(fresh) / elapsed)))/s" : ""
        return "\(label)  [\(bar)]  \(Int(share * 100)) %  \(counts)\(speed)  \(progress.file)"
    }

    private static func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
