/// A model that clients can name.
package struct ServedModel: Sendable, Hashable {
    package var id: String
    /// Other names for it.
    package var aliases: [String]
    /// Seconds since 1970.
    package var created: Int
    package var ownedBy: String
    /// Codes; empty if it is not known.
    package var languages: [String]
    package var isMultilingual: Bool
    /// Taken for requests that name none, and for `whisper-1`.
    package var isDefault: Bool

    package init(
        id: String, aliases: [String] = [], created: Int = 0, ownedBy: String = "openai", languages: [String] = [],
        isMultilingual: Bool = true, isDefault: Bool = false
    ) {
        self.id = id
        self.aliases = aliases
        self.created = created
        self.ownedBy = ownedBy
        self.languages = languages
        self.isMultilingual = isMultilingual
        self.isDefault = isDefault
    }

    /// - Parameter language: code.
    func knows(_ language: String) -> Bool {
        languages.isEmpty ? isMultilingual || language == "en" : languages.contains(language)
    }
}
