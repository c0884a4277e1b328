import Foundation

/// An open file descriptor that closes itself. Not inherited by child processes.
struct OpenFile: ~Copyable {
    let descriptor: Int32
    let path: String

    /// - Throws: `fileSystem`, `noSpace`.
    init(path: String, flags: Int32) throws(HubError) {
        descriptor = open(path, flags | O_CLOEXEC, 0o644)
        self.path = path
        if descriptor < 0 { throw .posix("cannot open '\(path)'") }
    }

    deinit {
        close(descriptor)
    }

    /// Reads up to the buffer's size; 0 at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HubError) -> Int {
        while true {
            let count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw .posix("cannot read '\(path)'") }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(HubError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EINTR {
                throw .posix("cannot write '\(path)'")
            }
        }
    }

    /// Empties the file and returns to its start.
    func truncate() throws(HubError) {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw .posix("cannot empty '\(path)'")
        }
    }

    /// Waits until the content is on the disk.
    func synchronize() throws(HubError) {
        if fsync(descriptor) != 0 { throw .posix("cannot flush '\(path)'") }
    }
}
