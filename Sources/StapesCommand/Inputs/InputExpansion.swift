import Glibc

/// The arguments of a command as single inputs: folders become the audio files in them, patterns that the shell left
/// alone the files they match.
package struct InputExpansion: Sendable {
    package struct Failure: Sendable, Hashable {
        package let name: String
        package let cause: String
    }

    package private(set) var inputs: [Input] = []
    /// Arguments that led to nothing; the others are worked on all the same.
    package private(set) var failures: [Failure] = []

    /// - Throws: `CommandError.Code.usage` when standard input is named twice.
    package init(_ arguments: [String]) throws(CommandError) {
        for argument in arguments {
            if argument == "-" {
                let input = Input(.standardInput)
                guard !inputs.contains(input) else {
                    throw CommandError(.usage, "standard input can be read only once")
                }
                inputs.append(input)
            } else {
                expand(argument)
            }
        }
    }

    private mutating func expand(_ argument: String) {
        if let kind = FileKind(path: argument) {
            add(argument, kind)
        } else if errno == ENOENT, argument.contains(where: { "*?[".contains($0) }) {
            let matches = Self.matches(of: argument)
            if matches.isEmpty { failures.append(Failure(name: argument, cause: "no file matches")) }
            for path in matches {
                if let kind = FileKind(path: path) { add(path, kind) }
            }
        } else {
            failures.append(Failure(name: argument, cause: systemMessage()))
        }
    }

    private mutating func add(_ path: String, _ kind: FileKind) {
        guard kind == .folder else {
            if access(path, R_OK) == 0 {
                inputs.append(Input(.file(path: path)))
            } else {
                failures.append(Failure(name: path, cause: systemMessage()))
            }
            return
        }
        guard let names = Self.names(inFolder: path) else {
            failures.append(Failure(name: path, cause: systemMessage()))
            return
        }
        let prefix = path.hasSuffix("/") ? path : path + "/"
        let files = names.filter(AudioExtensions.contains).sorted().map { prefix + $0 }
            .filter { FileKind(path: $0) == .file }
        if files.isEmpty { failures.append(Failure(name: path, cause: "the folder holds no audio files")) }
        for file in files { add(file, .file) }
    }

    private static func matches(of pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    }

    /// The names in a folder; nil, with `errno` set, when it cannot be listed.
    private static func names(inFolder path: String) -> [String]? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                        String(cString: $0)
                    }
                })
        }
        return names
    }
}

enum FileKind: Hashable {
    case folder
    case file

    /// What the path names, links followed; nil, with `errno` set, when there is nothing.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self = status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
    }
}
