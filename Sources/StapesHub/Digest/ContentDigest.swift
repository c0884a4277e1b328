/// The hash a file must have, as the hub states it.
package enum ContentDigest: Sendable, Hashable {
    /// Of the content; stated for files in large-file storage.
    case sha256(String)
    /// Git's object id: SHA-1 of `blob <size>\0` and the content; stated for small files.
    case gitBlob(String)

    package var hexadecimal: String {
        switch self {
        case .sha256(let text), .gitBlob(let text): text
        }
    }

    /// Whether a finished ``ContentHasher`` found this content.
    func matches(_ hashes: ContentHasher.Hashes) -> Bool {
        switch self {
        case .sha256(let text): hashes.sha256 == text
        case .gitBlob(let text): hashes.gitBlob == text
        }
    }
}
