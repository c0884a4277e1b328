extension OpenAPI {
    static func reference(_ name: String) -> JSONDocument { ["$ref": "#/components/schemas/\(name)"] }

    /// The failures of all operations, by status.
    static var failures: JSONDocument {
        let summaries: [(Int, String)] = [
            (400, "A field or the audio is not taken."), (401, "No key, or a wrong one."),
            (404, "No such model."), (408, "The request came too slowly, or its time ran out."),
            (413, "The body is too large."), (415, "The body is no form."),
            (426, "The request is no upgrade to WebSocket."), (429, "Too much is waiting."),
            (500, "A fault of the server."), (503, "The server cannot take it now."),
        ]
        return .object(
            summaries.map { status, summary in
                let response: JSONDocument = [
                    "description": .string(summary),
                    "content": ["application/json": ["schema": reference("Error")]],
                ]
                let retry: JSONDocument = [
                    "Retry-After": ["description": "Seconds to wait.", "schema": ["type": "integer"]]
                ]
                let waits = status == 429 || status == 503
                return .init("\(status)", waits ? response + [.init("headers", retry)] : response)
            })
    }

    static let schemas: JSONDocument = [
        "Error": object([
            (
                "error",
                object([
                    ("message", string), ("type", string), ("param", ["type": ["string", "null"]]),
                    ("code", ["type": ["string", "null"]]),
                ])
            )
        ]),
        "Usage": [
            "anyOf": [
                object([("type", constant("duration")), ("seconds", integer)]),
                object([
                    ("type", constant("tokens")), ("input_tokens", integer), ("output_tokens", integer),
                    ("total_tokens", integer),
                    ("input_token_details", object([("text_tokens", integer), ("audio_tokens", integer)])),
                ]),
            ]
        ],
        "LogProbability": object([("token", string), ("bytes", list(integer)), ("logprob", number)]),
        "Transcript": object(
            [("text", string), ("usage", reference("Usage"))],
            optional: [("logprobs", list(reference("LogProbability")))]),
        "VerboseTranscript": object(
            [
                ("task", ["type": "string", "enum": ["transcribe", "translate"]]), ("language", string),
                ("language_code", string), ("duration", number), ("text", string), ("usage", reference("Usage")),
            ],
            optional: [("segments", list(reference("Segment"))), ("words", list(reference("Word")))]),
        "Segment": object([
            ("id", integer), ("seek", integer), ("start", number), ("end", number), ("text", string),
            ("tokens", list(integer)), ("temperature", number), ("avg_logprob", number),
            ("compression_ratio", number), ("no_speech_prob", number),
        ]),
        "Word": object([("word", string), ("start", number), ("end", number), ("probability", number)]),
        "StreamEvent": [
            "anyOf": [
                object(
                    [("type", constant("transcript.text.delta")), ("delta", string)],
                    optional: [("logprobs", list(reference("LogProbability")))]),
                object([
                    ("type", constant("transcript.text.segment")), ("id", string), ("start", number),
                    ("end", number), ("text", string),
                ]),
                object(
                    [("type", constant("transcript.text.done")), ("text", string), ("usage", reference("Usage"))],
                    optional: [("logprobs", list(reference("LogProbability")))]),
                reference("Error"),
            ]
        ],
        "Model": object([
            ("id", string), ("object", constant("model")), ("created", integer), ("owned_by", string),
            ("task", string), ("aliases", list(string)), ("languages", list(string)),
            ("multilingual", ["type": "boolean"]),
        ]),
        "ModelList": object([("object", constant("list")), ("data", list(reference("Model")))]),
    ]

    private static let string: JSONDocument = ["type": "string"]
    private static let integer: JSONDocument = ["type": "integer"]
    private static let number: JSONDocument = ["type": "number"]

    private static func constant(_ text: String) -> JSONDocument { ["type": "string", "const": .string(text)] }

    private static func list(_ items: JSONDocument) -> JSONDocument { ["type": "array", "items": items] }

    private static func object(
        _ required: [(String, JSONDocument)], optional: [(String, JSONDocument)] = []
    ) -> JSONDocument {
        [
            "type": "object", "required": .array(required.map { .string($0.0) }),
            "properties": .object((required + optional).map { .init($0, $1) }),
        ]
    }
}
