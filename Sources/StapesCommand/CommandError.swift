/// What ends a command early, or one file of it.
package struct CommandError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The command line itself is wrong.
        case usage
        /// An input cannot be read.
        case input
        /// A result cannot be written.
        case output
        /// The model is not there or cannot be loaded.
        case model
    }

    package let code: Code
    /// One line, lower-case start, no full stop.
    package let message: String
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }

    package var exitStatus: ExitStatus { code == .usage ? .usage : .failure }
}

/// The exit statuses that scripts can rely on.
package enum ExitStatus: Int32, Sendable {
    case success = 0
    /// At least one file failed, or the work could not be done at all.
    case failure = 1
    /// The command line was not understood.
    case usage = 2
    /// `bench wer`: a line of the manifest did not do what its `expect` says.
    case expectationMissed = 3
    /// Ctrl-C: 128 + SIGINT.
    case interrupted = 130
    /// SIGTERM: 128 + 15.
    case terminated = 143
}
