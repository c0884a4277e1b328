/// Why a server does not start or go on.
public struct ServerError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        case configuration
        /// The address is taken or not this machine's.
        case address
        /// The model cannot be loaded or does not work.
        case model
    }

    public let code: Code
    /// One line that names the cause.
    public let message: String
    public let cause: (any Error)?

    init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}
