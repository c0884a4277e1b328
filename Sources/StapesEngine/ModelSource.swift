import StapesModel

/// Where an engine's weights come from.
package enum ModelSource: Sendable, Hashable {
    /// A model directory.
    case directory(String)
    /// A shape, such as `KnownModels` has, and random weights from a seed: no files are needed.
    case random(ModelConfiguration, seed: UInt64)

    /// - Throws: any code of `ModelError` for a directory.
    func open() throws(ModelError) -> Checkpoint {
        switch self {
        case .directory(let path): try Checkpoint(directory: path)
        case .random(let configuration, let seed): .random(configuration, seed: seed)
        }
    }
}
