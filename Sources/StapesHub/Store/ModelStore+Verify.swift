extension ModelStore {
    /// Hashes a model's files again. With a manifest all of them are compared; without one the model's completeness is
    /// checked and its weights are hashed, for the reader to compare.
    ///
    /// - Throws: as ``resolve(_:)`` but not for an incomplete model, which is a finding; `fileSystem`, `badResponse`.
    package func verify(_ reference: String) throws(HubError) -> Verification {
        let directory = try locate(reference)
        let manifest = try Manifest.read(directory: directory.path)
        var files: [Verification.File] = []
        for file in manifest?.files ?? [] {
            files.append(try check(file, in: directory))
        }
        if manifest == nil {
            for name in directory.weightFiles where !directory.missing.contains(name) {
                let path = directory.path(of: name)
                let hash = try FileDigest.sha256(ofFile: path)
                files.append(
                    .init(name: name, outcome: .unlisted, byteCount: FileTree.byteCount(path) ?? 0, sha256: hash))
            }
        }
        for name in directory.missing where !files.contains(where: { $0.name == name }) {
            files.append(.init(name: name, outcome: .missing, byteCount: 0, sha256: nil))
        }
        return Verification(path: directory.path, format: directory.format, manifest: manifest, files: files)
    }

    private func check(_ file: Manifest.File, in directory: ModelDirectory) throws(HubError) -> Verification.File {
        let path = "\(directory.path)/\(file.path)"
        guard let byteCount = FileTree.byteCount(path) else {
            return .init(name: file.path, outcome: .missing, byteCount: 0, sha256: nil)
        }
        let hash = try FileDigest.sha256(ofFile: path)
        let matches = byteCount == file.size && hash == file.sha256
        return .init(name: file.path, outcome: matches ? .matches : .differs, byteCount: byteCount, sha256: hash)
    }
}
