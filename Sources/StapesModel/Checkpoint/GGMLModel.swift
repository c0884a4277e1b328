/// A model in one ggml file: whisper.cpp's `ggml-base.bin`.
///
/// The file says nothing of alignment heads, which are those of the published model of its shape, nor of tokens to
/// suppress. Its weights have OpenAI's names.
struct GGMLModel {
    let configuration: ModelConfiguration
    private let file: GGMLFile

    /// - Throws: as `GGMLFile.init(path:)`, and `invalidConfiguration`.
    init(path: String) throws(ModelError) {
        file = try GGMLFile(path: path)
        let sizes = file.sizes
        guard sizes.audioWidth == sizes.textWidth else {
            throw ModelError(
                .invalidConfiguration,
                "\(path): an encoder of width \(sizes.audioWidth) and a decoder of width \(sizes.textWidth)")
        }
        configuration = try ModelConfiguration(
            melBins: sizes.melBins, audioContext: sizes.audioContext, width: sizes.audioWidth,
            encoderLayers: sizes.audioLayers, encoderHeads: sizes.audioHeads, decoderLayers: sizes.textLayers,
            decoderHeads: sizes.textHeads, feedForwardWidth: 4 * sizes.audioWidth, vocabularySize: sizes.vocabulary,
            textContext: sizes.textContext, alignmentHeads: []
        ).validated(path: path)
    }

    /// - Throws: `missingTensor`, `shapeMismatch`, `unsupportedElementType`.
    func tensor(_ plan: TensorPlan) throws(ModelError) -> Tensor {
        guard let variable = file.variables[plan.name] else {
            throw ModelError(.missingTensor, "\(file.path): holds no \(plan.name)")
        }
        // Biases of convolutions are stored as [width, 1], and converters drop other dimensions of one.
        guard variable.shape.filter({ $0 != 1 }) == plan.shape.filter({ $0 != 1 }) else {
            throw ModelError(
                .shapeMismatch,
                "\(file.path): \(plan.name) has shape \(variable.shape), the configuration calls for \(plan.shape)")
        }
        if let blocks = variable.type.blocks {
            let rowLength = plan.shape.dropFirst().reduce(1, *)
            guard rowLength % BlockFormat.length == 0 else {
                throw ModelError(
                    .unsupportedElementType,
                    "\(file.path): \(plan.name) is stored as \(blocks.rawValue), but its rows have \(rowLength) elements"
                )
            }
            let array = BlockArray(
                file: file.file, byteOffset: variable.byteOffset, count: variable.count, format: blocks)
            return Tensor(name: plan.name, shape: plan.shape, values: array)
        }
        let array = StoredArray(
            file: file.file, byteOffset: variable.byteOffset, count: variable.count,
            elementType: variable.type == .f16 ? .float16 : .float32)
        return Tensor(name: plan.name, shape: plan.shape, values: array, rowScales: nil)
    }
}
