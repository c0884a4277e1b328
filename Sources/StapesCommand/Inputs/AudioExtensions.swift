/// The file names that are taken from a folder as audio. A file named on its own may have any name.
enum AudioExtensions {
    private static let known: Set<Substring> = [
        "3gp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "au", "avi", "caf", "flac", "m4a", "m4b", "m4v",
        "mka",
        "mkv", "mov", "mp2", "mp3", "mp4", "mpeg", "mpg", "mpga", "oga", "ogg", "ogv", "opus", "rf64", "w64", "wav",
        "wave", "weba", "webm", "wma", "wmv", "wv",
    ]

    /// Whether the name ends in a known extension, in any case. Hidden files do not count.
    static func contains(_ name: String) -> Bool {
        guard !name.hasPrefix("."), let dot = name.lastIndex(of: ".") else { return false }
        return known.contains(Substring(name[name.index(after: dot)...].lowercased()))
    }
}
