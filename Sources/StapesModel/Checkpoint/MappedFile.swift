import Glibc

/// A file's bytes, mapped read-only and unmapped when the last owner lets go.
///
/// Weights are read from here straight into the device's own layout, so a checkpoint costs page cache and no memory of
/// its own. A file must not be shortened in place while it is mapped (the kernel answers such an access with a signal):
/// tools that replace models write a new file and rename it.
///
/// `@unchecked Sendable`: the mapping is private and never written to, and both fields are set once.
package final class MappedFile: @unchecked Sendable {
    package let path: String
    package let byteCount: Int
    /// `nil` for an empty file, which the kernel refuses to map.
    private let base: UnsafeMutableRawPointer?

    /// - Throws: `missingFile`, `unreadableFile`.
    package init(path: String) throws(ModelError) {
        // O_NONBLOCK: opening a named pipe must not wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code: ModelError.Code = errno == ENOENT || errno == ENOTDIR ? .missingFile : .unreadableFile
            throw ModelError(code, "\(path): \(Self.reason(errno))")
        }
        defer { close(descriptor) }

        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw ModelError(.unreadableFile, "\(path): \(Self.reason(errno))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ModelError(.unreadableFile, "\(path): not a regular file")
        }
        byteCount = Int(status.st_size)
        self.path = path
        guard byteCount > 0 else {
            base = nil
            return
        }
        guard let mapping = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), mapping != MAP_FAILED else {
            throw ModelError(.unreadableFile, "\(path): cannot be mapped: \(Self.reason(errno))")
        }
        base = mapping
    }

    deinit {
        if let base { munmap(base, byteCount) }
    }

    /// Calls `body` with all bytes of the file; the pointer is valid only inside.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: base, count: byteCount))
    }

    private static func reason(_ code: Int32) -> String {
        switch code {
        case ENOENT, ENOTDIR: "no such file"
        default: String(cString: strerror(code))
        }
    }
}
