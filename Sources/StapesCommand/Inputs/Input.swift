import StapesAudio

/// One piece of audio that the command line names.
package struct Input: Sendable, Hashable {
    package enum Origin: Sendable, Hashable {
        case file(path: String)
        case standardInput
    }

    package let origin: Origin

    package init(_ origin: Origin) {
        self.origin = origin
    }

    /// What messages call it.
    package var name: String {
        switch origin {
        case .file(let path): path
        case .standardInput: "standard input"
        }
    }

    /// The name without folders, for where room is short.
    package var shortName: String {
        name.split(separator: "/").last.map(String.init) ?? name
    }

    /// The part of an output file's name before the extension: the last path component without its own extension.
    /// A name that is nothing but an extension, `.wav`, stays whole.
    package var base: String {
        guard case .file = origin else { return "stdin" }
        let name = shortName
        guard let dot = name.lastIndex(of: "."), name[..<dot].contains(where: { $0 != "." }) else { return name }
        return String(name[..<dot])
    }

    /// The audio behind it; standard input is read to its end here.
    package func source(limits: AudioLimits = .default) throws(CommandError) -> AudioSource {
        switch origin {
        case .file(let path): .file(path: path)
        case .standardInput: .bytes(try StandardInput.readAll(maximumByteCount: limits.maximumByteCount))
        }
    }
}
