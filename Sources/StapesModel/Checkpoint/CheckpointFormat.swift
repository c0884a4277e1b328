/// The kinds of model that are read.
package enum CheckpointFormat: String, Sendable, Hashable, CaseIterable {
    /// A directory with `config.json` and `model.safetensors`, or shards and `model.safetensors.index.json`.
    case huggingFace
    /// A directory with `model.bin` and `config.json`.
    case cTranslate2
    /// One file that holds everything, as whisper.cpp reads it, or a directory with one such file.
    case ggml

    /// The best of what a directory holds, in the order of the cases, or what a file is.
    ///
    /// - Throws: `missingFile` when there is nothing, or a directory without weights; `malformedFile` for a file of
    ///   another kind and for a directory with several ggml files.
    package static func detect(directory: String) throws(ModelError) -> CheckpointFormat {
        guard FileSystem.isDirectory(directory) else {
            guard FileSystem.exists(directory) else {
                throw ModelError(.missingFile, "\(directory): no such file or directory")
            }
            if GGMLFile.isOne(directory) { return .ggml }
            throw ModelError(.malformedFile, "\(directory): not a ggml file, and no other form of a model is one file")
        }
        let huggingFaceNames = [HuggingFaceDirectory.weightsName, HuggingFaceDirectory.indexName]
        if huggingFaceNames.contains(where: { FileSystem.exists("\(directory)/\($0)") }) { return .huggingFace }
        let weights = "\(directory)/\(CTranslate2Directory.weightsName)"
        if FileSystem.exists(weights), !GGMLFile.isOne(weights) { return .cTranslate2 }
        if try GGMLFile.path(at: directory) != nil { return .ggml }
        throw ModelError(
            .missingFile,
            "\(directory): holds neither \(huggingFaceNames.joined(separator: ", ")) nor "
                + "\(CTranslate2Directory.weightsName) nor a ggml file (*.bin)"
        )
    }
}
