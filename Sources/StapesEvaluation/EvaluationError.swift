/// Why a score could not be computed.
package struct EvaluationError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The file is missing or cannot be read.
        case unreadable
        /// The file's text is not what its format says.
        case malformed
    }

    package let code: Code
    /// One line that names the file and the cause.
    package let message: String
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }
}
