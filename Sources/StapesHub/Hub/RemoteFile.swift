/// A file the hub lists.
struct RemoteFile: Sendable, Hashable {
    let path: String
    let byteCount: Int
    let digest: ContentDigest

    /// Hashes what the listed digest needs.
    func makeHasher() throws(HubError) -> ContentHasher {
        switch digest {
        case .sha256: try ContentHasher()
        case .gitBlob: try ContentHasher(gitBlobOf: byteCount)
        }
    }
}
