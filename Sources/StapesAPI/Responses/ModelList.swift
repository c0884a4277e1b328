/// The answers to `GET /v1/models` and `GET /v1/models/{id}`.
package enum ModelList {
    package static func json(_ served: ServedModels) -> String {
        let models = served.models.map(document)
        return (["object": "list", "data": .array(models)] as JSONDocument).text
    }

    package static func json(_ model: ServedModel) -> String { document(model).text }

    private static func document(_ model: ServedModel) -> JSONDocument {
        [
            "id": .string(model.id), "object": "model", "created": .integer(model.created),
            "owned_by": .string(model.ownedBy), "task": "automatic-speech-recognition",
            "aliases": strings(model.aliases), "languages": strings(model.languages),
            "multilingual": .bool(model.isMultilingual),
        ]
    }

    private static func strings(_ strings: [String]) -> JSONDocument { .array(strings.map(JSONDocument.string)) }
}
