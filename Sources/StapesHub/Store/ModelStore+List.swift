/// One directory of the cache.
package struct InstalledModel: Sendable, Hashable {
    /// What to call it: a known name, a hub id, or the directory's own name.
    package let name: String
    package let path: String
    /// nil when there are no weights.
    package let format: ModelFormat?
    package let byteCount: Int
    /// What is wanting; empty for a complete model.
    package let missing: [String]

    package var isComplete: Bool { missing.isEmpty }
}

extension ModelStore {
    /// Directories of the cache that hold no speech recognition model: the network for voice activity.
    private static let otherDirectories: Set<String> = ["silero-vad"]

    /// The models in the cache, complete or not, by directory name.
    package func list() -> [InstalledModel] {
        FileTree.names(in: root).filter {
            !$0.hasPrefix(".") && !Self.otherDirectories.contains($0) && FileTree.isDirectory("\(root)/\($0)")
        }.map { name in
            let directory = ModelDirectory(path: "\(root)/\(name)")
            return InstalledModel(
                name: ModelReference.text(directoryName: name), path: directory.path, format: directory.format,
                byteCount: directory.byteCount, missing: directory.missing)
        }
    }
}
