import Foundation

/// What a directory holds, seen as a model. Looks at names and sizes only; the index of a sharded model is read.
package struct ModelDirectory: Sendable, Hashable {
    static let configurationName = "config.json"
    static let tokenizerName = "tokenizer.json"
    static let vocabularyPrefix = "vocabulary."
    static let indexName = "model.safetensors.index.json"

    package let path: String
    /// nil when there are no weights.
    package let format: ModelFormat?
    /// Names of the weight files, shards in order.
    package let weightFiles: [String]
    /// What is wanting, in words fit for a message; empty for a complete model.
    package let missing: [String]
    /// All regular files directly inside.
    package let byteCount: Int

    package var isComplete: Bool { missing.isEmpty }

    package init(path: String) {
        var sizes: [String: Int] = [:]
        for name in FileTree.names(in: path) { sizes[name] = FileTree.byteCount("\(path)/\(name)") }
        func has(_ name: String) -> Bool { sizes[name, default: 0] > 0 }

        var missing: [String] = []
        if !has(Self.configurationName) { missing.append(Self.configurationName) }
        if !has(Self.tokenizerName)
            && !sizes.contains(where: { $0.key.hasPrefix(Self.vocabularyPrefix) && $0.value > 0 })
        {
            missing.append("a tokenizer (tokenizer.json or vocabulary.*)")
        }
        switch true {
        case has("model.safetensors"):
            (format, weightFiles) = (.safetensors, ["model.safetensors"])
        case has(Self.indexName):
            format = .safetensors
            weightFiles = Self.shards(index: "\(path)/\(Self.indexName)")
            if weightFiles.isEmpty { missing.append("a readable \(Self.indexName)") }
            missing += weightFiles.filter { !has($0) }
        case has("model.bin"):
            (format, weightFiles) = (.ctranslate2, ["model.bin"])
        default:
            (format, weightFiles) = (nil, [])
            missing.append("weights (model.safetensors or model.bin)")
        }
        self.path = path
        self.missing = missing
        byteCount = sizes.values.reduce(0, +)
    }

    /// Names of the shards an index lists; empty when it cannot be read or names a file outside the directory.
    private static func shards(index path: String) -> [String] {
        struct Index: Decodable {
            let weights: [String: String]

            enum CodingKeys: String, CodingKey {
                case weights = "weight_map"
            }
        }
        guard let content = FileManager.default.contents(atPath: path),
            let index = try? JSONDecoder().decode(Index.self, from: content)
        else { return [] }
        let names = Set(index.weights.values)
        return names.contains { $0.contains("/") } ? [] : names.sorted()
    }
}
