/// The interface's description in OpenAPI 3.1, made from what requests are read by.
package enum OpenAPI {
    package static let contentType = "application/json"

    /// All that is served. The server's routes are held to these.
    package static let routes = operations.map(\.route)

    /// - Parameter version: of the server.
    package static func json(version: String) -> String { document(version: version).text }

    static func document(version: String) -> JSONDocument {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "Stapes", "version": .string(version),
                "description": "Speech to text with Whisper, as OpenAI's interface has it.",
            ],
            "paths": .object(paths),
            "components": [
                "schemas": schemas, "responses": failures,
                "securitySchemes": ["key": ["type": "http", "scheme": "bearer"]],
            ],
        ]
    }

    private static var paths: [JSONDocument.Member] {
        operations.map { operation in
            .init(operation.route.path, .object([.init(operation.route.method.lowercased(), operation.document)]))
        }
    }
}
