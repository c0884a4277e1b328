/// Hashes one file's content as it arrives: SHA-256 always (for the manifest), git's SHA-1 where the hub lists that.
package struct ContentHasher: ~Copyable {
    package struct Hashes: Sendable, Hashable {
        package let sha256: String
        /// nil unless the hasher was made for it.
        package let gitBlob: String?
    }

    private var sha256: Digest
    private var gitBlob: Digest?

    /// - Parameter byteCount: size of the whole file, which git hashes before the content.
    package init(gitBlobOf byteCount: Int? = nil) throws(HubError) {
        let content = try Digest(.sha256)
        gitBlob = try byteCount.map { (count) throws(HubError) in try Self.gitBlob(byteCount: count) }
        sha256 = content
    }

    private static func gitBlob(byteCount: Int) throws(HubError) -> Digest {
        var digest = try Digest(.sha1)
        Array("blob \(byteCount)\0".utf8).withUnsafeBytes { digest.update($0) }
        return digest
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        sha256.update(bytes)
        gitBlob?.update(bytes)
    }

    package consuming func finalize() -> Hashes {
        let content = sha256.finalize()
        // Taken apart like this because a noncopyable optional cannot be mapped.
        if let digest = gitBlob {
            return Hashes(sha256: content, gitBlob: digest.finalize())
        }
        return Hashes(sha256: content, gitBlob: nil)
    }
}
