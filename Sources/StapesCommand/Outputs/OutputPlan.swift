import Glibc
import StapesFormats

/// Where the results go, decided and checked before any audio is decoded.
package enum OutputPlan: Sendable, Hashable {
    /// The text to standard output as it comes.
    case text
    /// Each whole result to standard output.
    case stream(OutputFormat)
    /// `<base>.<format>` in a folder.
    case files(folder: String, formats: [OutputFormat])

    /// - Parameters:
    ///   - outputDir: the value of `--output-dir`; `-` is standard output.
    ///   - formats: the value of `--output-format`; nil when it was not given: then a folder gets whisper's.
    /// - Throws: `CommandError.Code.usage` when several formats would share standard output.
    package init(outputDir: String?, formats: [OutputFormat]?) throws(CommandError) {
        if let outputDir, outputDir != "-" {
            guard !outputDir.isEmpty else { throw CommandError(.usage, "--output-dir is empty") }
            self = .files(folder: outputDir, formats: formats ?? OutputFormat.all)
            return
        }
        guard let formats else {
            self = outputDir == nil ? .text : .stream(.txt)
            return
        }
        guard formats.count == 1 else {
            throw CommandError(.usage, "several output formats need --output-dir with a folder")
        }
        self = .stream(formats[0])
    }

    /// The files that one input leads to.
    package func paths(for input: Input) -> [(format: OutputFormat, path: String)] {
        guard case .files(let folder, let formats) = self else { return [] }
        let prefix = folder.hasSuffix("/") ? folder : folder + "/"
        return formats.map { ($0, prefix + input.base + "." + $0.rawValue) }
    }

    /// The inputs whose results are not all there. Files appear whole or not at all, so one that exists is complete.
    ///
    /// The name of standard input says nothing of what comes from it: it is never taken for done.
    ///
    /// - Throws: `CommandError.Code.usage` when the plan writes no files.
    package func unfinished(_ inputs: [Input]) throws(CommandError) -> [Input] {
        guard case .files = self else {
            throw CommandError(.usage, "--skip-existing needs --output-dir with a folder")
        }
        return inputs.filter { input in
            input.origin == .standardInput || paths(for: input).contains { FileKind(path: $0.path) != .file }
        }
    }

    /// Refuses a plan that would lose something: two inputs with one base, or a result over an input.
    ///
    /// - Throws: `CommandError.Code.usage`
    package func checkCollisions(of inputs: [Input]) throws(CommandError) {
        guard case .files = self else { return }
        var owners: [String: Input] = [:]
        let identities = Set(inputs.compactMap { FileIdentity(of: $0) })
        for input in inputs {
            if let other = owners.updateValue(input, forKey: input.base) {
                throw CommandError(
                    .usage, "\(other.name) and \(input.name) would both be written to \(paths(for: input)[0].path)")
            }
            for (_, path) in paths(for: input) {
                if let identity = FileIdentity(path: path), identities.contains(identity) {
                    throw CommandError(.usage, "\(path) is an input and would be overwritten")
                }
            }
        }
    }

    /// Creates the folder and makes sure that the results can be written there.
    ///
    /// - Throws: `CommandError.Code.output`
    package func prepare(for inputs: [Input]) throws(CommandError) {
        guard case .files(let folder, _) = self else { return }
        try OutputFolder.create(folder)
        try AtomicFile.probe(folder: folder)
        for input in inputs {
            for (_, path) in paths(for: input) where FileKind(path: path) == .folder {
                throw CommandError(.output, "\(path): a folder has the name of the result")
            }
        }
    }
}

/// Tells whether two paths are one file.
private struct FileIdentity: Hashable {
    let device: UInt64
    let inode: UInt64

    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    init?(of input: Input) {
        guard case .file(let path) = input.origin else { return nil }
        self.init(path: path)
    }
}
