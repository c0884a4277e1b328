extension APIError {
    /// The one place where a cause becomes a status.
    package var status: Int {
        switch code {
        case .invalidValue, .malformedBody, .audioDecodeError, .audioTooShort, .audioTooLong: 400
        case .invalidKey: 401
        case .modelNotFound, .routeNotFound: 404
        case .methodNotAllowed: 405
        case .requestTimeout, .deadlineExceeded: 408
        case .bodyTooLarge: 413
        case .unsupportedMediaType: 415
        case .upgradeRequired: 426
        case .queueFull: 429
        case .internalError: 500
        case .unavailable: 503
        }
    }

    /// OpenAI's kind of error.
    package var type: String {
        switch code {
        case .queueFull: "rate_limit_error"
        case .bodyTooLarge, .unavailable, .internalError: "server_error"
        case .requestTimeout, .deadlineExceeded: "timeout_error"
        default: "invalid_request_error"
        }
    }

    /// Whether trying again can help; nil leaves it to what clients make of the status. They try 408 again, but work
    /// that ran out of its time once will do so again.
    package var shouldRetry: Bool? { code == .deadlineExceeded ? false : nil }

    /// Seconds to wait before the next try.
    package var retryAfterSeconds: Int? {
        switch code {
        case .queueFull: 1
        case .unavailable: 2
        default: nil
        }
    }
}
