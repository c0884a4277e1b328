import Glibc
import Synchronization

/// The only way to the screen: results to one descriptor, messages and the progress line to the other.
package final class Console: Sendable {
    /// What the process does when its output cannot be written; the value is an `errno`.
    package typealias OutputFailureHandler = @Sendable (Int32) -> Void

    private struct State {
        var bar: ProgressLine?
        var lastDrawn: ContinuousClock.Instant?
        var outputFailed = false
    }

    private let output: Int32
    private let messages: Int32
    private let columns: Int
    private let showsProgress: Bool
    private let showsWarnings: Bool
    private let onOutputFailure: OutputFailureHandler
    private let state = Mutex(State())
    package let outputIsTerminal: Bool

    /// - Parameter columns: the width of the terminal that the progress line is drawn on.
    package init(
        output: Int32 = STDOUT_FILENO, messages: Int32 = STDERR_FILENO, outputIsTerminal: Bool, showsProgress: Bool,
        showsWarnings: Bool = true, columns: Int = 80, onOutputFailure: @escaping OutputFailureHandler
    ) {
        self.output = output
        self.messages = messages
        self.outputIsTerminal = outputIsTerminal
        self.showsProgress = showsProgress
        self.showsWarnings = showsWarnings
        self.columns = columns
        self.onOutputFailure = onOutputFailure
    }

    /// Prints a part of a result. After a failure nothing more is tried.
    package func result(_ text: String) {
        if text.isEmpty { return }
        let cause: Int32 = state.withLock { state in
            if state.outputFailed { return 0 }
            erase(&state)
            let cause = Descriptor.write(text, to: output)
            state.outputFailed = cause != 0
            if cause == 0 { draw(state) }
            return cause
        }
        if cause != 0 { onOutputFailure(cause) }
    }

    /// `stapes: file: cause` as one line on standard error.
    package func error(_ cause: String, file: String? = nil) {
        guard let file else {
            line("stapes: " + cause)
            return
        }
        // Messages of other modules name the file themselves; once is enough.
        var rest = cause[...]
        if rest.hasPrefix(file + ": ") { rest = rest.dropFirst(file.count + 2) }
        if let again = rest.firstRange(of: " '\(file)'") {
            rest = rest[..<again.lowerBound] + rest[again.upperBound...]
        }
        line("stapes: \(file): \(rest)")
    }

    /// `stapes: warning: cause` on standard error: the work goes on, but not as one might think.
    package func warning(_ cause: String) {
        if showsWarnings { line("stapes: warning: " + cause) }
    }

    /// One line on standard error.
    package func line(_ text: some StringProtocol) {
        let oneLine = String(text.map { $0.isNewline ? " " : $0 }) + "\n"
        state.withLock { state in
            erase(&state)
            _ = Descriptor.write(oneLine, to: messages)
            draw(state)
        }
    }

    /// Shows how far the work is, at most ten times a second.
    package func progress(_ bar: ProgressLine, now: ContinuousClock.Instant = .now) {
        guard showsProgress else { return }
        state.withLock { state in
            state.bar = bar
            if let last = state.lastDrawn, last.duration(to: now) < .milliseconds(100) { return }
            state.lastDrawn = now
            draw(state)
        }
    }

    package func endProgress() {
        guard showsProgress else { return }
        state.withLock { state in
            erase(&state)
            state.bar = nil
            state.lastDrawn = nil
        }
    }

    private func erase(_ state: inout State) {
        if state.bar != nil { _ = Descriptor.write("\r\u{1B}[K", to: messages) }
    }

    private func draw(_ state: borrowing State) {
        if let bar = state.bar { _ = Descriptor.write("\r\(bar.line(columns: columns))\u{1B}[K", to: messages) }
    }
}
