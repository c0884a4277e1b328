import Foundation

/// The few file operations the store needs, each with an error that names the path.
enum FileTree {
    static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// Size in bytes of a regular file (links followed); nil for anything else.
    static func byteCount(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// Names in a directory, sorted; empty when it is not there.
    static func names(in directory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }

    static func makeDirectory(_ path: String) throws(HubError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw HubError(.fileSystem, "cannot create the directory '\(path)': \(reason(error))", cause: error)
        }
    }

    /// Removes a file, a link or a whole directory; nothing happens when it is not there.
    static func remove(_ path: String) throws(HubError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw HubError(.fileSystem, "cannot remove '\(path)': \(reason(error))", cause: error)
        }
    }

    static func rename(_ source: String, to target: String) throws(HubError) {
        if Foundation.rename(source, target) != 0 { throw .posix("cannot rename '\(source)' to '\(target)'") }
    }

    /// Writes a small file through a temporary name, so that readers see all of it or nothing.
    static func write(_ content: Data, to path: String) throws(HubError) {
        let temporary = path + ".new"
        let file = try OpenFile(path: temporary, flags: O_WRONLY | O_CREAT | O_TRUNC)
        try content.bytes.withUnsafeBytes { (bytes) throws(HubError) in try file.write(bytes) }
        try file.synchronize()
        try rename(temporary, to: path)
    }

    /// Makes the directory's entries (not only the files' content) durable.
    static func synchronizeDirectory(_ path: String) throws(HubError) {
        try OpenFile(path: path, flags: O_RDONLY | O_DIRECTORY).synchronize()
    }

    /// Bytes an ordinary user may still write on the file system of `path`; nil when it cannot be asked.
    static func freeBytes(at path: String) -> Int? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return Int(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }

    /// The system's words for a Foundation file error, when it carries them.
    private static func reason(_ error: any Error) -> String {
        if let posix = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError, posix.domain == NSPOSIXErrorDomain
        {
            return String(cString: strerror(Int32(posix.code))).lowercased()
        }
        return (error as? CocoaError).map { "error \($0.code.rawValue)" } ?? "\(error)"
    }
}
