import Foundation

/// Hashes of files that are already on the disk.
package enum FileDigest {
    /// Read at once; large enough that the system calls do not count.
    static let blockByteCount = 1 << 20

    /// SHA-256 of a file, lower-case hexadecimal. The file is read in blocks, never as a whole.
    ///
    /// - Throws: `fileSystem`.
    package static func sha256(ofFile path: String) throws(HubError) -> String {
        let file = try OpenFile(path: path, flags: O_RDONLY)
        var hasher = try ContentHasher()
        _ = try feed(file, to: &hasher)
        return hasher.finalize().sha256
    }

    /// SHA-256 of a file if it has the content the hub lists, else nil.
    static func sha256(ofFile path: String, matching expected: RemoteFile) throws(HubError) -> String? {
        let file = try OpenFile(path: path, flags: O_RDONLY)
        var hasher = try expected.makeHasher()
        let count = try feed(file, to: &hasher)
        let hashes = hasher.finalize()
        return count == expected.byteCount && expected.digest.matches(hashes) ? hashes.sha256 : nil
    }

    /// Hashes the rest of an open file; returns how many bytes that was.
    static func feed(_ file: borrowing OpenFile, to hasher: inout ContentHasher) throws(HubError) -> Int {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockByteCount, alignment: 64)
        defer { block.deallocate() }
        var total = 0
        while true {
            let count = try file.read(into: block)
            if count == 0 { return total }
            hasher.update(UnsafeRawBufferPointer(rebasing: block[..<count]))
            total += count
        }
    }
}
