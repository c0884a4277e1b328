/// What can go wrong inside the engine, as its callers see it.
package struct EngineError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The model directory could not be loaded.
        case model
        /// A device or an attention backend that this build or machine does not have.
        case unavailable
        /// A request that can never be served: a prompt or a window of impossible size.
        case invalidRequest
        /// The mailbox is full.
        case overloaded
        /// The caller took the request back.
        case cancelled
        /// The engine has stopped.
        case stopped
        /// The device failed.
        case device
        /// The model's output was not a number.
        case notANumber
    }

    package let code: Code
    package let message: String
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }
}
