/// Why a request got no answer.
package struct TransportError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// There is no connection.
        case unreachable
        /// The connection ended before the answer did.
        case interrupted
        /// The answer was not there in time.
        case timedOut
        /// What came is not HTTP, or more of it than is taken.
        case badResponse
    }

    package let code: Code
    /// One line, lower-case start, no full stop.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
