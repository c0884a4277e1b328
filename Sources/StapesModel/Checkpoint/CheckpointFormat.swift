/// The kinds of model directory that are read.
package enum CheckpointFormat: String, Sendable, Hashable, CaseIterable {
    /// `config.json` with `model.safetensors`, or shards and `model.safetensors.index.json`.
    case huggingFace
    /// `model.bin` and `config.json`.
    case cTranslate2

    /// - Throws: `missingFile` when the directory is not there or holds no weights.
    package static func detect(directory: String) throws(ModelError) -> CheckpointFormat {
        guard FileSystem.isDirectory(directory) else {
            throw ModelError(.missingFile, "\(directory): no such directory")
        }
        let huggingFaceNames = [HuggingFaceDirectory.weightsName, HuggingFaceDirectory.indexName]
        if huggingFaceNames.contains(where: { FileSystem.exists("\(directory)/\($0)") }) { return .huggingFace }
        if FileSystem.exists("\(directory)/\(CTranslate2Directory.weightsName)") { return .cTranslate2 }
        throw ModelError(
            .missingFile,
            "\(directory): holds neither \(huggingFaceNames.joined(separator: ", ")) nor "
                + CTranslate2Directory.weightsName
        )
    }
}
