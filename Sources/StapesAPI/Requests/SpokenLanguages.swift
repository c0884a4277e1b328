import StapesDecoding
import StapesTokenizer

/// What a request says of the languages that are spoken.
struct SpokenLanguages: Sendable, Hashable {
    /// Code; nil if it is to be detected.
    var language: String?
    /// Codes of which one is to be detected; empty for all.
    var allowed: [String] = []

    /// - Throws: `invalidValue` for a language that is not known, or not to the model.
    init(_ fields: FormFields, model: ServedModel) throws(APIError) {
        let listed = try fields.texts(.languages).map { (text) throws(APIError) in
            try Self.code(text, model: model, field: .languages)
        }
        if let text = fields.text(.language)?.strippingWhitespace(), text.lowercased() != "auto" {
            language = try Self.code(text, model: model, field: .language)
            return
        }
        var allowed: [String] = []
        for code in listed where !allowed.contains(code) { allowed.append(code) }
        if allowed.count == 1 {
            language = allowed[0]
        } else {
            self.allowed = allowed
        }
    }

    private static func code(_ text: String, model: ServedModel, field: FormField) throws(APIError) -> String {
        guard let code = Languages.code(for: text) else {
            throw field.error(
                "\(text.quoted) is no language that is known; give a code, as in de, or a name, as in german")
        }
        guard model.knows(code) else {
            throw field.error("the model \(model.id) does not know \(text.quoted)")
        }
        return code
    }
}
