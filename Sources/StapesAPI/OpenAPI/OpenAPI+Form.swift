extension OpenAPI {
    /// The form of both endpoints. Fields that are not in it are ignored.
    static var form: JSONDocument {
        let fields = FormField.all.filter { $0.kind != .refused }
        return [
            "type": "object", "required": ["file"],
            "properties": .object(fields.map { .init($0.wireName, $0.schema) }),
        ]
    }
}

extension FormField {
    /// JSON Schema, with the field's default.
    var schema: JSONDocument {
        var members: [JSONDocument.Member] = [.init("description", .string(summary))]
        if let initial { members.append(.init("default", typed(initial))) }
        return kind.schema + members
    }

    /// What a client would write, as JSON.
    private func typed(_ text: String) -> JSONDocument {
        switch kind {
        case .flag, .integer, .number, .limit: JSONDocument(parsing: text) ?? .string(text)
        case .texts, .choices: [.string(text)]
        default: .string(text)
        }
    }
}

extension FormField.Kind {
    fileprivate var schema: JSONDocument {
        switch self {
        case .file: ["type": "string", "format": "binary"]
        case .text: ["type": "string"]
        case .choice(let known): ["type": "string", "enum": .array(known.map(JSONDocument.string))]
        case .flag: ["type": "boolean"]
        case .integer(let range): Self.schema(range)
        case .number(let range):
            ["type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]
        case .limit: ["anyOf": [["type": "number"], ["type": "string", "enum": ["None"]]]]
        case .texts: ["type": "array", "items": ["type": "string"]]
        case .choices(let known):
            ["type": "array", "items": ["type": "string", "enum": .array(known.map(JSONDocument.string))]]
        case .integers: ["type": "string", "pattern": "^(-1|[0-9]{1,5})(,(-1|[0-9]{1,5}))*$"]
        case .numbers: ["type": "string", "pattern": "^[0-9]{1,5}([.][0-9]{1,3})?(,[0-9]{1,5}([.][0-9]{1,3})?)*$"]
        case .speechDetection: ["anyOf": [["type": "string", "enum": ["auto"]], Self.detection]]
        case .refused: [:]
        }
    }

    private static func schema(_ range: ClosedRange<Int>) -> JSONDocument {
        ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
    }

    private static let detection: JSONDocument = [
        "type": "object", "required": ["type"],
        "properties": [
            "type": ["type": "string", "enum": ["server_vad"]],
            "threshold": ["type": "number", "minimum": 0, "maximum": 1],
            "prefix_padding_ms": schema(SpeechDetection.paddingMilliseconds),
            "silence_duration_ms": schema(SpeechDetection.silenceMilliseconds),
        ],
    ]
}
