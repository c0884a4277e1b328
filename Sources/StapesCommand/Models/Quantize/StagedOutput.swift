import FoundationEssentials
import Glibc
import Synchronization

/// A file, or a folder of files, that is there as a whole or not at all: made under a temporary name beside the final
/// one, then renamed. What is half-made goes on an error and on Ctrl-C.
final class StagedOutput {
    private static let counter = Atomic<Int>(0)

    /// The final path.
    private let path: String
    /// The temporary one.
    private let staging: String
    private let isFolder: Bool
    private let interrupts: Interrupts
    private var fileNames: [String] = []
    private var isFinished = false

    /// - Throws: `output` when something is at `path` and may not be replaced, or nothing can be made beside it.
    init(
        path: String, isFolder: Bool, replacing: Bool, interrupts: Interrupts = .shared
    ) throws(CommandError) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        try Self.check(path, isFolder: isFolder, replacing: replacing)
        self.path = path
        self.isFolder = isFolder
        self.interrupts = interrupts
        staging = Self.temporaryName(beside: path)
        guard isFolder else { return }
        interrupts.remember(temporaryFile: staging)
        guard mkdir(staging, 0o777) == 0 else {
            let cause = systemMessage()
            interrupts.forget(temporaryFile: staging)
            isFinished = true
            throw CommandError(.output, "\(path): \(cause)")
        }
    }

    deinit {
        if isFinished { return }
        for file in files { interrupts.remove(temporaryFile: file) }
        if isFolder { interrupts.remove(temporaryFile: staging) }
    }

    /// Writes a file: the output itself, or one of the folder under `name`.
    ///
    /// - Parameter body: gets what takes the bytes of the file, in order.
    /// - Throws: `output`, and what `body` throws.
    func write(
        _ name: String = "", _ body: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        let file = isFolder ? "\(staging)/\(name)" : staging
        let shown = isFolder ? "\(path)/\(name)" : path
        interrupts.remember(temporaryFile: file)
        fileNames.append(name)
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw CommandError(.output, "\(shown): \(systemMessage())") }
        func check(_ cause: Int32) throws {
            if cause != 0 { throw CommandError(.output, "\(shown): \(systemMessage(cause))") }
        }
        do {
            try body { try check(Descriptor.write($0, to: descriptor)) }
            try check(fsync(descriptor) == 0 ? 0 : errno)
        } catch {
            close(descriptor)
            throw error
        }
        // Some file systems first report a full disk here.
        try check(close(descriptor) == 0 ? 0 : errno)
    }

    /// Puts the output in its place.
    ///
    /// - Throws: `output`; what was there before is there still.
    func finish() throws(CommandError) {
        if isFolder, FileKind(path: path) == .folder {
            try replaceFolder()
        } else if rename(staging, path) != 0 {
            throw CommandError(.output, "\(path): \(systemMessage())")
        }
        isFinished = true
        for file in files + [staging] { interrupts.forget(temporaryFile: file) }
    }

    private var files: [String] { fileNames.map { isFolder ? "\(staging)/\($0)" : staging } }

    /// A folder with files in it cannot be renamed over.
    private func replaceFolder() throws(CommandError) {
        let old = Self.temporaryName(beside: path)
        guard rename(path, old) == 0 else { throw CommandError(.output, "\(path): \(systemMessage())") }
        guard rename(staging, path) == 0 else {
            let cause = systemMessage()
            rename(old, path)
            throw CommandError(.output, "\(path): \(cause)")
        }
        try? FileManager.default.removeItem(atPath: old)
    }

    private static func check(_ path: String, isFolder: Bool, replacing: Bool) throws(CommandError) {
        guard let kind = FileKind(path: path) else { return }
        if kind == .folder, !isFolder {
            throw CommandError(.output, "\(path): is a folder; name the file to write")
        }
        if kind != .folder, isFolder {
            throw CommandError(.output, "\(path): is a file; name the folder to write")
        }
        guard replacing else { throw CommandError(.output, "\(path): is there already; --force replaces it") }
        // What --force may remove is a model and nothing else.
        guard !isFolder || isModelFolder(path) else {
            throw CommandError(.output, "\(path): is a folder with other files than a model's, which is not replaced")
        }
    }

    /// Whether a folder is empty, or holds `model.bin` and files beside it only.
    private static func isModelFolder(_ path: String) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.isEmpty
            || names.contains("model.bin") && names.allSatisfy { FileKind(path: "\(path)/\($0)") == .file }
    }

    private static func temporaryName(beside path: String) -> String {
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(folder).stapes-\(getpid())-quantize-\(number).partial"
    }
}
