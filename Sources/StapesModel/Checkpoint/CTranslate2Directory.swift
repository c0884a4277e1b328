/// A model converted for CTranslate2: `model.bin` and `config.json`.
struct CTranslate2Directory {
    static let weightsName = "model.bin"

    let configuration: ModelConfiguration
    private let file: CTranslate2File

    /// - Throws: every code of `ModelError`.
    init(directory: String) throws(ModelError) {
        let file = try CTranslate2File(path: "\(directory)/\(Self.weightsName)")
        self.file = file
        configuration = try Self.readConfiguration(of: file, directory: directory)
    }

    /// The rows of `plan` in the variable that holds them.
    ///
    /// - Throws: `missingTensor`, `shapeMismatch`, `unsupportedElementType`.
    func tensor(_ plan: TensorPlan) throws(ModelError) -> Tensor {
        let rows = plan.cTranslate2
        let variable = try file.variable(rows.variable)
        try variable.checkShape([plan.shape[0] * rows.parts] + plan.shape.dropFirst())
        let values = try variable.array()
        return Tensor(
            name: plan.name, shape: plan.shape, values: Self.part(rows, of: values),
            rowScales: try scales(of: variable, values.elementType).map { Self.part(rows, of: $0) })
    }

    private static func part(_ rows: TensorPlan.FusedRows, of array: StoredArray) -> StoredArray {
        let length = array.count / rows.parts
        return array.slice(rows.part * length..<(rows.part + 1) * length)
    }

    /// The row scales of an `int8` variable.
    private func scales(of variable: StoredVariable, _ type: ElementType) throws(ModelError) -> StoredArray? {
        guard type == .int8 else { return nil }
        let scale = try file.variable("\(variable.name)_scale")
        try scale.checkShape([variable.shape[0]])
        let array = try scale.array()
        guard array.elementType != .int8 else {
            throw ModelError(.unsupportedElementType, "\(file.path): \(scale.name) is stored as int8")
        }
        return array
    }

    /// Sizes follow from the shapes of the variables; the number of heads is a scalar beside them.
    private static func readConfiguration(
        of file: CTranslate2File, directory: String
    ) throws(ModelError) -> ModelConfiguration {
        let settingsPath = "\(directory)/config.json"
        let settings = try JSONFile.read(Settings.self, path: settingsPath)
        func dimension(_ index: Int, of name: String, rank: Int) throws(ModelError) -> Int {
            let variable = try file.variable(name)
            guard variable.shape.count == rank else {
                throw ModelError(
                    .shapeMismatch, "\(file.path): \(name) has shape \(variable.shape), not \(rank) dimensions")
            }
            return variable.shape[index]
        }
        func layers(_ stack: String) -> Int {
            // One name a layer is enough to count: a missing one shows when the layer is read.
            (0...).first { file.variables["\(stack)/layer_\($0)/self_attention/linear_0/weight"] == nil } ?? 0
        }
        let width = try dimension(0, of: "encoder/conv1/weight", rank: 3)
        // Every published Whisper has heads of 64; files from before the scalar existed rely on that.
        func heads(_ stack: String) -> Int { file.integer("\(stack)/num_heads") ?? max(width / 64, 1) }

        return try ModelConfiguration(
            melBins: dimension(1, of: "encoder/conv1/weight", rank: 3),
            audioContext: dimension(0, of: "encoder/position_encodings/encodings", rank: 2),
            width: width,
            encoderLayers: layers("encoder"), encoderHeads: heads("encoder"),
            decoderLayers: layers("decoder"), decoderHeads: heads("decoder"),
            feedForwardWidth: dimension(0, of: "encoder/layer_0/ffn/linear_0/weight", rank: 2),
            vocabularySize: dimension(0, of: "decoder/embeddings/weight", rank: 2),
            textContext: dimension(0, of: "decoder/position_encodings/encodings", rank: 2),
            alignmentHeads: ModelConfiguration.alignmentHeads(pairs: settings.alignmentHeads, path: settingsPath),
            suppressTokens: settings.suppressTokens
        ).validated(path: file.path)
    }

    private struct Settings: Decodable {
        let alignmentHeads: [[Int]]?
        let suppressTokens: [Int]?

        enum CodingKeys: String, CodingKey {
            case alignmentHeads = "alignment_heads"
            case suppressTokens = "suppress_ids"
        }
    }
}
