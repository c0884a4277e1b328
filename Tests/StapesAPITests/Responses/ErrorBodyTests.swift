import StapesAPI
import Testing

@Suite("Error bodies")
struct ErrorBodyTests {
    @Test("An error is an object within an object, with null for what is not said")
    func members() {
        #expect(
            ErrorBody.json(APIError(.invalidValue, "a \"bad\" value", parameter: "response_format"))
                == #"{"error": {"message": "a \"bad\" value", "type": "invalid_request_error", "#
                + #""param": "response_format", "code": "invalid_value"}}"#)
        #expect(
            ErrorBody.json(APIError(.queueFull, "later"))
                == #"{"error": {"message": "later", "type": "rate_limit_error", "param": null, "code": "queue_full"}}"#)
    }
}
