/// An error as OpenAI's clients unwrap it.
package enum ErrorBody {
    package static let contentType = "application/json"

    package static func json(_ error: APIError) -> String { document(error).text }

    static func document(_ error: APIError) -> JSONDocument {
        [
            "error": [
                "message": .string(error.message), "type": .string(error.type),
                "param": error.parameter.map(JSONDocument.string) ?? .null, "code": .string(error.code.rawValue),
            ]
        ]
    }
}
