import Glibc
import Synchronization

/// A file that is there as a whole or not at all: written under a temporary name beside the final one, then renamed.
package enum AtomicFile {
    private static let counter = Atomic<Int>(0)

    /// - Throws: `CommandError.Code.output`; nothing is left behind, and an older file of that name stays.
    package static func write(
        _ text: String, to path: String, interrupts: Interrupts = .shared
    ) throws(CommandError) {
        let temporary = try create(inFolderOf: path, naming: path, interrupts: interrupts)
        do throws(CommandError) {
            try temporary.write(text)
            guard rename(temporary.path, path) == 0 else { throw CommandError(.output, systemMessage()) }
            interrupts.forget(temporaryFile: temporary.path)
        } catch {
            interrupts.remove(temporaryFile: temporary.path)
            throw CommandError(.output, "\(path): \(error.message)")
        }
    }

    /// Makes sure that files can be created in a folder, by creating one: permissions alone do not tell of a file
    /// system that is read-only or full of other people's quotas.
    ///
    /// - Throws: `CommandError.Code.output`
    package static func probe(folder: String, interrupts: Interrupts = .shared) throws(CommandError) {
        let temporary = try create(inFolderOf: folder + "/.", naming: folder, interrupts: interrupts)
        close(temporary.descriptor)
        interrupts.remove(temporaryFile: temporary.path)
    }

    private struct Temporary {
        let path: String
        let descriptor: Int32

        /// Writes everything and closes, which is where some file systems first report a full disk.
        func write(_ text: String) throws(CommandError) {
            var cause = Descriptor.write(text, to: descriptor)
            if close(descriptor) != 0, cause == 0 { cause = errno }
            if cause != 0 { throw CommandError(.output, systemMessage(cause)) }
        }
    }

    private static func create(
        inFolderOf path: String, naming shown: String, interrupts: Interrupts
    ) throws(CommandError) -> Temporary {
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        let temporary = "\(folder).stapes-\(getpid())-\(number).partial"
        interrupts.remember(temporaryFile: temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            let cause = systemMessage()
            interrupts.forget(temporaryFile: temporary)
            throw CommandError(.output, "\(shown): \(cause)")
        }
        return Temporary(path: temporary, descriptor: descriptor)
    }
}
