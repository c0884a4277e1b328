/// The models that clients can name.
package struct ServedModels: Sendable, Hashable {
    package let models: [ServedModel]

    package init(_ models: [ServedModel]) { self.models = models }

    /// The one that was said to be, or the first.
    package var defaultModel: ServedModel? { models.first(where: \.isDefault) ?? models.first }

    /// A model's own id comes before the other names, its aliases before `openai/whisper-` and its id; `whisper-1`,
    /// OpenAI's only one, is the default model.
    ///
    /// - Parameter name: nil for a request without one.
    /// - Throws: `modelNotFound`; `unavailable` if there is no model at all.
    package func resolve(_ name: String?) throws(APIError) -> ServedModel {
        guard let defaultModel else { throw APIError(.unavailable, "no model is served") }
        guard let name else { return defaultModel }
        let found =
            models.first { $0.id == name } ?? models.first { $0.aliases.contains(name) }
            ?? models.first { "openai/whisper-\($0.id)" == name } ?? (name == "whisper-1" ? defaultModel : nil)
        guard let found else {
            let known = models.map(\.id).joined(separator: ", ")
            throw APIError(
                .modelNotFound, "the model \(name.quoted) is not served here; there is \(known)", parameter: "model")
        }
        return found
    }
}
