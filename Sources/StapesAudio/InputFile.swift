#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// An open file that closes itself.
struct InputFile: ~Copyable {
    let descriptor: Int32
    /// Nil for what has no size and cannot seek: pipes, terminals.
    let byteCount: Int?
    private let path: String

    /// - Throws: `notFound`, `notAFile`, `unreadable`.
    init(path: String) throws(AudioError) {
        // C would cut the path there and open another file.
        guard !path.utf8.contains(0) else {
            throw AudioError(code: .notFound, message: "cannot open a path with a zero byte in it")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Self.failure(path, errno == ENOENT || errno == ENOTDIR ? .notFound : .unreadable, errno)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = errno
            close(descriptor)
            throw Self.failure(path, .unreadable, error)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: byteCount = Int(status.st_size)
        case S_IFIFO, S_IFCHR, S_IFSOCK: byteCount = nil
        default:
            close(descriptor)
            throw Self.failure(path, .notAFile, EISDIR)
        }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Reads to the end, or one byte past `maximumByteCount`.
    ///
    /// - Throws: `unreadable`.
    func readAll(maximumByteCount: Int) throws(AudioError) -> [UInt8] {
        var bytes: [UInt8] = []
        let chunk = 1 << 16
        while bytes.count <= maximumByteCount {
            var failed: Int32 = 0
            let part = [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
                let got = read(descriptor, buffer.baseAddress, chunk)
                failed = got < 0 ? errno : 0
                count = max(got, 0)
            }
            if failed == EINTR { continue }
            if failed != 0 { throw Self.failure(path, .unreadable, failed) }
            if part.isEmpty { break }
            bytes += part
        }
        return bytes
    }

    private static func failure(_ path: String, _ code: AudioError.Code, _ error: Int32) -> AudioError {
        let reason = String(cString: strerror(error))
        return AudioError(
            code: code, message: "cannot open '\(path)': \(reason.prefix(1).lowercased())\(reason.dropFirst())")
    }
}
