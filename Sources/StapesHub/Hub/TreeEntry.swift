/// One entry of the hub's `tree` answer.
struct TreeEntry: Decodable, Sendable {
    struct LargeFile: Decodable, Sendable {
        let oid: String
        let size: Int
    }

    let type: String
    let path: String
    let size: Int?
    let oid: String?
    let lfs: LargeFile?

    /// nil for directories.
    ///
    /// - Throws: `badResponse` for a file without a size or a hash to check it by.
    func file() throws(HubError) -> RemoteFile? {
        guard type == "file" else { return nil }
        if let lfs, Hexadecimal.isDigits(lfs.oid, count: 64), lfs.size >= 0 {
            return RemoteFile(path: path, byteCount: lfs.size, digest: .sha256(lfs.oid))
        }
        if lfs == nil, let oid, Hexadecimal.isDigits(oid, count: 40), let size, size >= 0 {
            return RemoteFile(path: path, byteCount: size, digest: .gitBlob(oid))
        }
        throw HubError(.badResponse, "the hub lists '\(path)' without a size and a hash to check it by")
    }
}
