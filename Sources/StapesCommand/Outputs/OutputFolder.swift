import Glibc

enum OutputFolder {
    /// Creates the folder and those above it.
    ///
    /// - Throws: `CommandError.Code.output`
    static func create(_ path: String) throws(CommandError) {
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            let part = String(path[..<end])
            if mkdir(part, 0o777) == 0 || FileKind(path: part) == .folder { continue }
            // mkdir says "file exists" for a file in the way; the useful word is that it is no folder.
            let cause = FileKind(path: part) == .file ? "is not a folder" : systemMessage()
            throw CommandError(.output, "\(part): \(cause)")
        }
    }
}
