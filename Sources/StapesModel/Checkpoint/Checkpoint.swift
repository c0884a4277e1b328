/// A model's configuration and its weights under OpenAI's names: a model's files, opened, or random weights.
///
/// Every weight that the configuration calls for has been found and its shape and type checked when `init` returns.
/// The files stay mapped while the checkpoint or any of its tensors lives.
package struct Checkpoint: Sendable {
    /// What messages call it: the directory or file, or `random weights of seed 1`.
    package let origin: String
    /// Nil for random weights.
    package let format: CheckpointFormat?
    package let configuration: ModelConfiguration
    private let tensors: [String: Tensor]

    /// - Parameter directory: the folder of the model's files, or a ggml file.
    /// - Throws: any code of `ModelError`; the message names the file.
    package init(directory: String) throws(ModelError) {
        origin = directory
        let format = try CheckpointFormat.detect(directory: directory)
        self.format = format
        switch format {
        case .huggingFace:
            let source = try HuggingFaceDirectory(directory: directory)
            configuration = source.configuration
            tensors = try Self.collect(configuration) { (plan) throws(ModelError) in try source.tensor(plan) }
        case .cTranslate2:
            let source = try CTranslate2Directory(directory: directory)
            configuration = source.configuration
            tensors = try Self.collect(configuration) { (plan) throws(ModelError) in try source.tensor(plan) }
        case .ggml:
            let source = try GGMLModel(path: GGMLFile.path(at: directory) ?? directory)
            configuration = source.configuration
            tensors = try Self.collect(configuration) { (plan) throws(ModelError) in try source.tensor(plan) }
        }
    }

    init(origin: String, format: CheckpointFormat?, configuration: ModelConfiguration, tensors: [String: Tensor]) {
        self.origin = origin
        self.format = format
        self.configuration = configuration
        self.tensors = tensors
    }

    /// The weight with a canonical name, such as `decoder.blocks.0.cross_attn.key.weight`.
    ///
    /// - Throws: `missingTensor` for a name that the model does not have.
    package func tensor(_ name: String) throws(ModelError) -> Tensor {
        guard let tensor = tensors[name] else {
            throw ModelError(.missingTensor, "\(origin): the model has no weight named \(name)")
        }
        return tensor
    }

    /// Like `tensor(_:)`, `nil` for a name that the model does not have (every `key.bias`, for one).
    package func tensorIfPresent(_ name: String) -> Tensor? { tensors[name] }

    /// Canonical names of all weights, sorted.
    package var tensorNames: [String] { tensors.keys.sorted() }

    /// Weights in the model; the output layer shares the token embedding and is not counted again.
    package var parameterCount: Int { tensors.values.reduce(0) { $0 + $1.count } }

    /// Bytes of all weights as stored, without scales; random weights are not stored.
    package var byteCount: Int { tensors.values.reduce(0) { $0 + $1.byteCount } }

    private static func collect(
        _ configuration: ModelConfiguration, _ read: (TensorPlan) throws(ModelError) -> Tensor
    ) throws(ModelError) -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for plan in TensorLayout.plans(for: configuration) {
            tensors[plan.name] = try read(plan)
        }
        return tensors
    }
}
