import StapesAPI
import Testing

@Suite("API errors")
struct APIErrorTests {
    @Test("The causes that clients tell apart have OpenAI's status, type and code")
    func rowsOfTheTable() {
        let rows: [(APIError.Code, Int, String, String)] = [
            (.invalidValue, 400, "invalid_request_error", "invalid_value"),
            (.audioDecodeError, 400, "invalid_request_error", "audio_decode_error"),
            (.audioTooShort, 400, "invalid_request_error", "audio_too_short"),
            (.invalidKey, 401, "invalid_request_error", "invalid_api_key"),
            (.modelNotFound, 404, "invalid_request_error", "model_not_found"),
            (.bodyTooLarge, 413, "server_error", "body_too_large"),
            (.queueFull, 429, "rate_limit_error", "queue_full"),
            (.internalError, 500, "server_error", "internal_error"),
            (.unavailable, 503, "server_error", "unavailable"),
        ]
        for (code, status, type, name) in rows {
            let error = APIError(code, "a message")
            #expect(error.status == status)
            #expect(error.type == type)
            #expect(error.code.rawValue == name)
        }
    }

    @Test("Only what passes by itself says when to come again")
    func retries() {
        let waiting = APIError.Code.allCases.filter { APIError($0, "").retryAfterSeconds != nil }
        #expect(waiting == [.queueFull, .unavailable])
        #expect(APIError(.deadlineExceeded, "").shouldRetry == false)
    }
}
