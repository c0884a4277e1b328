extension OpenAPI {
    static let operations = [
        speech(.transcription, "createTranscription", "Write down what is spoken, in its language."),
        speech(.translation, "createTranslation", "Write down what is spoken, in English."),
        Operation(
            route: Route("GET", "/v1/models"), id: "listModels", summary: "The models that are served.",
            answer: .init(200, "The list.", [("application/json", reference("ModelList"))]), failures: [401, 500],
            takesKey: true),
        Operation(
            route: Route("GET", "/v1/models/{id}"), id: "retrieveModel", summary: "One model, by any of its names.",
            parameters: [parameter("id", in: "path", "A name; slashes in it may stand as they are.")],
            answer: .init(200, "The model.", [("application/json", reference("Model"))]), failures: [401, 404, 500],
            takesKey: true),
        Operation(
            route: Route("GET", "/v1/realtime"), id: "openRealtimeSession",
            summary: "A WebSocket that takes audio while it is spoken and sends its text, with OpenAI's events.",
            parameters: [
                parameter("model", in: "query", "A served model."),
                parameter("intent", in: "query", "transcription, the only one."),
            ],
            answer: .init(101, "The connection is a WebSocket now; its messages are JSON texts."),
            failures: [400, 401, 404, 426, 429, 500, 503], takesKey: true),
        Operation(
            route: Route("GET", "/health/live"), id: "isLive", summary: "Whether the process answers.",
            answer: .init(200, "It does.")),
        Operation(
            route: Route("GET", "/health/ready"), id: "isReady", summary: "Whether requests are taken.",
            answer: .init(200, "They are."), failures: [503]),
        Operation(
            route: Route("GET", "/metrics"), id: "getMetrics", summary: "Counters and times, as Prometheus reads them.",
            answer: .init(200, "The metrics.", [("text/plain", ["type": "string"])])),
        Operation(
            route: Route("GET", "/openapi.json"), id: "getDescription", summary: "This description.",
            answer: .init(200, "The description.", [("application/json", ["type": "object"])])),
        Operation(
            route: Route("GET", "/"), id: "getPage", summary: "A page to transcribe files and the microphone with.",
            answer: .init(200, "The page.", [("text/html", ["type": "string"])])),
    ]

    private static func speech(_ endpoint: SpeechEndpoint, _ id: String, _ summary: String) -> Operation {
        Operation(
            route: Route("POST", endpoint.path), id: id, summary: summary, form: form,
            answer: .init(
                200, "The transcript, in the form that response_format names, or a stream of it.",
                [
                    (
                        "application/json",
                        ["anyOf": [reference("VerboseTranscript"), reference("Transcript")]]
                    ),
                    ("text/plain", ["type": "string"]), ("text/vtt", ["type": "string"]),
                    (
                        "text/event-stream",
                        ["type": "string", "description": "Events as in StreamEvent, each in a frame."]
                    ),
                ]),
            failures: [400, 401, 404, 408, 413, 415, 429, 500, 503], takesKey: true)
    }

    private static func parameter(_ name: String, in place: String, _ summary: String) -> JSONDocument {
        [
            "name": .string(name), "in": .string(place), "required": .bool(place == "path"),
            "description": .string(summary), "schema": ["type": "string"],
        ]
    }
}
