extension String {
    /// The text in quotes as a message shows it: on one line, and not all of what is long.
    package var quoted: String {
        let shown = unicodeScalars.prefix(60).map { $0.properties.generalCategory == .control ? " " : $0 }
        let isShort = unicodeScalars.dropFirst(60).isEmpty
        return "'" + String(String.UnicodeScalarView(shown)) + (isShort ? "'" : "…'")
    }
}
