/// The names that stand for a published model.
package enum ModelCatalogue {
    package struct Entry: Sendable, Hashable {
        /// Also the directory's name in the cache.
        package let name: String
        package let hubID: String
    }

    /// In the order they are shown: by size, then the distilled ones.
    package static let entries: [Entry] =
        openAI.map { Entry(name: $0, hubID: "openai/whisper-" + ($0 == "large-v1" ? "large" : $0)) }
        + distilled.map { Entry(name: $0, hubID: "distil-whisper/" + $0) }

    /// Other names for entries, as OpenAI's program has them.
    package static let aliases = ["large": "large-v3", "turbo": "large-v3-turbo"]

    private static let openAI = [
        "tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en",
        "large-v1", "large-v2", "large-v3", "large-v3-turbo",
    ]
    private static let distilled = [
        "distil-small.en", "distil-medium.en", "distil-large-v2", "distil-large-v3", "distil-large-v3.5",
    ]

    /// Every name a user may give, aliases last.
    package static var names: [String] { entries.map(\.name) + aliases.keys.sorted() }

    package static func entry(named name: String) -> Entry? {
        let canonical = aliases[name] ?? name
        return entries.first { $0.name == canonical }
    }

    package static func entry(hubID: String) -> Entry? {
        entries.first { $0.hubID == hubID }
    }

    /// The known name nearest to a mistyped one; nil when none is near.
    ///
    /// Heuristic: at most two edits, or three for long names, after dropping what people put in front.
    package static func suggestion(for text: String) -> String? {
        var name = text.lowercased().replacing("_", with: "-")
        for prefix in ["openai-", "faster-", "whisper-"] where name.hasPrefix(prefix) { name.removeFirst(prefix.count) }
        let limit = name.count > 8 ? 3 : 2
        return names.map { (name: $0, distance: EditDistance.between($0, name)) }
            .filter { $0.distance <= limit && $0.distance < name.count }
            .min { $0.distance < $1.distance }?.name
    }
}
