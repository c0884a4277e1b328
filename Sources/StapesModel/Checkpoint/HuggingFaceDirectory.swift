/// A Hugging Face repository's files: `config.json` and `model.safetensors`, or its shards and their index.
struct HuggingFaceDirectory {
    static let weightsName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"

    let configuration: ModelConfiguration
    private let variables: [String: StoredVariable]
    /// `model.` where the file holds the full model, empty where it holds the part without the output layer.
    private let prefix: String
    /// The file to name when a weight is missing.
    private let listing: String

    /// - Throws: every code of `ModelError` but `missingTensor` and `shapeMismatch`.
    init(directory: String) throws(ModelError) {
        configuration = try HuggingFaceConfiguration.read(directory: directory)
        if FileSystem.exists("\(directory)/\(Self.weightsName)") {
            listing = "\(directory)/\(Self.weightsName)"
            variables = try SafetensorsFile(path: listing).variables
        } else {
            listing = "\(directory)/\(Self.indexName)"
            variables = try Self.readShards(directory: directory, indexPath: listing)
        }
        prefix = variables["model.encoder.conv1.weight"] == nil ? "" : "model."
    }

    /// - Throws: `missingTensor`, `shapeMismatch`, `unsupportedElementType`.
    func tensor(_ plan: TensorPlan) throws(ModelError) -> Tensor {
        let name = prefix + plan.huggingFaceName
        guard let variable = variables[name] else {
            throw ModelError(.missingTensor, "\(listing): holds no \(name)")
        }
        try variable.checkShape(plan.shape)
        return Tensor(name: plan.name, shape: plan.shape, values: try variable.array(), rowScales: nil)
    }

    private static func readShards(
        directory: String, indexPath: String
    ) throws(ModelError) -> [String: StoredVariable] {
        let index = try JSONFile.read(Index.self, path: indexPath)
        var variables: [String: StoredVariable] = [:]
        for name in Set(index.weightMap.values).sorted() {
            // A name is a file beside the index, not a path to somewhere else.
            guard !name.isEmpty, !name.contains("/"), !name.contains("\0"), name != ".." else {
                throw ModelError(.malformedFile, "\(indexPath): \(name) is not a file name")
            }
            let shard = try SafetensorsFile(path: "\(directory)/\(name)")
            for (tensor, variable) in shard.variables where index.weightMap[tensor] == name {
                variables[tensor] = variable
            }
        }
        return variables
    }

    private struct Index: Decodable {
        let weightMap: [String: String]

        enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }
    }
}
