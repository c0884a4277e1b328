import Foundation

/// What a directory holds, or a ggml file is, seen as a model. Looks at names and sizes only; the index of a sharded
/// model is read, and whether a file begins as ggml files do.
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
        if let size = FileTree.byteCount(path) {
            let isModel = Self.isGGML(path)
            self.path = path
            format = isModel ? .ggml : nil
            weightFiles = isModel ? [Self.name(of: path)] : []
            missing = isModel ? [] : ["weights: it is a file, but not a ggml file"]
            byteCount = size
            return
        }
        var sizes: [String: Int] = [:]
        for name in FileTree.names(in: path) { sizes[name] = FileTree.byteCount("\(path)/\(name)") }
        func has(_ name: String) -> Bool { sizes[name, default: 0] > 0 }
        let ggml = sizes.keys.filter { $0.hasSuffix(".bin") && Self.isGGML("\(path)/\($0)") }.sorted()

        var missing: [String] = []
        switch true {
        case has("model.safetensors"):
            (format, weightFiles) = (.safetensors, ["model.safetensors"])
        case has(Self.indexName):
            format = .safetensors
            weightFiles = Self.shards(index: "\(path)/\(Self.indexName)")
            if weightFiles.isEmpty { missing.append("a readable \(Self.indexName)") }
            missing += weightFiles.filter { !has($0) }
        case has("model.bin") && !ggml.contains("model.bin"):
            (format, weightFiles) = (.ctranslate2, ["model.bin"])
        case !ggml.isEmpty:
            (format, weightFiles) = (.ggml, ggml)
            if ggml.count > 1 {
                missing.append("a choice among \(ggml.joined(separator: ", ")): name one of the files")
            }
        default:
            (format, weightFiles) = (nil, [])
            missing.append("weights (model.safetensors, model.bin or one ggml file)")
        }
        // A ggml file needs no others.
        if format != .ggml {
            var settings: [String] = []
            if !has(Self.configurationName) { settings.append(Self.configurationName) }
            if !has(Self.tokenizerName)
                && !sizes.contains(where: { $0.key.hasPrefix(Self.vocabularyPrefix) && $0.value > 0 })
            {
                settings.append("a tokenizer (tokenizer.json or vocabulary.*)")
            }
            missing = settings + missing
        }
        self.path = path
        self.missing = missing
        byteCount = sizes.values.reduce(0, +)
    }

    /// Where a file of the model lies.
    func path(of name: String) -> String {
        format == .ggml && FileTree.byteCount(path) != nil ? path : "\(path)/\(name)"
    }

    private static func name(of path: String) -> String { String(path.split(separator: "/").last ?? "") }

    /// Whether a file begins with `ggml` as a little-endian number.
    private static func isGGML(_ path: String) -> Bool {
        guard let file = try? OpenFile(path: path, flags: O_RDONLY | O_NONBLOCK) else { return false }
        var start = [UInt8](repeating: 0, count: 4)
        let count = try? start.withUnsafeMutableBytes { (buffer) throws(HubError) in try file.read(into: buffer) }
        return count == 4 && start == Array("lmgg".utf8)
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
