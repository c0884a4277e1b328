import StapesHub

/// A model of the cache, as `models list` and `doctor` print it.
package struct ModelRow: Encodable, Sendable, Equatable {
    package let name: String
    package let path: String
    /// Nil when there are no weights.
    @Nullable package var format: String?
    package let bytes: Int
    package let complete: Bool
    /// What is wanting; empty for a complete model.
    package let missing: [String]

    package init(_ model: InstalledModel) {
        self.init(
            name: model.name, path: model.path, format: model.format?.rawValue, bytes: model.byteCount,
            missing: model.missing)
    }

    package init(name: String, path: String, format: String?, bytes: Int, missing: [String]) {
        self.name = name
        self.path = path
        self.format = format
        self.bytes = bytes
        complete = missing.isEmpty
        self.missing = missing
    }
}
