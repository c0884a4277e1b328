/// What an `error` event or a failed item tells a realtime client. The session stays open unless it says otherwise.
package struct RealtimeError: Error, Sendable, Hashable {
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// Text that is no JSON, or a frame that is no text.
        case malformedEvent = "malformed_event"
        case unknownEvent = "unknown_event"
        case invalidValue = "invalid_value"
        case missingField = "missing_required_parameter"
        case modelNotFound = "model_not_found"
        /// There is nothing to commit.
        case bufferEmpty = "input_audio_buffer_commit_empty"
        /// More audio waits to be committed or transcribed than is kept.
        case bufferFull = "input_audio_buffer_full"
        /// Nothing came from the client for too long; the session ends.
        case idle = "idle_timeout"
        /// The session has lasted as long as one may; it ends.
        case sessionExpired = "session_expired"
        case queueFull = "queue_full"
        case unavailable = "unavailable"
        case internalError = "internal_error"
    }

    package let code: Code
    package let message: String
    /// The field that is at fault, with dots.
    package let parameter: String?
    /// The client's event that is at fault, if it had an id.
    package var eventID: String?

    package init(_ code: Code, _ message: String, parameter: String? = nil, eventID: String? = nil) {
        self.code = code
        self.message = message
        self.parameter = parameter
        self.eventID = eventID
    }

    package init(_ error: APIError, parameter: String? = nil) {
        let code: Code =
            switch error.code {
            case .modelNotFound: .modelNotFound
            case .queueFull: .queueFull
            case .unavailable: .unavailable
            case .internalError: .internalError
            default: .invalidValue
            }
        self.init(code, error.message, parameter: parameter ?? error.parameter)
    }

    /// OpenAI's kind of error.
    package var type: String {
        switch code {
        case .queueFull: "rate_limit_error"
        case .unavailable, .internalError: "server_error"
        default: "invalid_request_error"
        }
    }
}
