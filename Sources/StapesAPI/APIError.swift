/// What goes wrong for a client, in OpenAI's terms.
package struct APIError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// A field that is missing, or has a value that is not taken.
        case invalidValue = "invalid_value"
        /// A body that is not what its head says.
        case malformedBody = "malformed_body"
        /// A body in a form that is not read here.
        case unsupportedMediaType = "unsupported_media_type"
        case audioDecodeError = "audio_decode_error"
        case audioTooShort = "audio_too_short"
        /// More seconds of audio than are taken.
        case audioTooLong = "audio_too_long"
        case bodyTooLarge = "body_too_large"
        case invalidKey = "invalid_api_key"
        case modelNotFound = "model_not_found"
        case routeNotFound = "route_not_found"
        case methodNotAllowed = "method_not_allowed"
        /// The URL speaks another protocol.
        case upgradeRequired = "upgrade_required"
        /// The client was too slow to send its request.
        case requestTimeout = "request_timeout"
        /// The work was not done in the time that was set for it.
        case deadlineExceeded = "deadline_exceeded"
        case queueFull = "queue_full"
        /// Loading, ending, or out of something that will be there again.
        case unavailable = "unavailable"
        case internalError = "internal_error"
    }

    package let code: Code
    /// For the client's user, on one line.
    package let message: String
    /// The form's field that is at fault.
    package let parameter: String?

    package init(_ code: Code, _ message: String, parameter: String? = nil) {
        self.code = code
        self.message = message
        self.parameter = parameter
    }

    package var description: String { message }
}
