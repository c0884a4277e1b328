/// Which of a repository's files a model needs.
struct DownloadPlan: Sendable, Hashable {
    /// Small files first, so that an unusable repository is noticed before the weights are on their way.
    let files: [RemoteFile]

    var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

    /// Taken when they are there. `vocab.json` and `merges.txt` are not among them: `tokenizer.json` says the same.
    private static let small: Set<String> = [
        "config.json", "generation_config.json", "tokenizer.json", "preprocessor_config.json",
        "normalizer.json",
    ]

    /// - Parameter listed: all files of the repository.
    /// - Throws: `unsupportedRepository` when weights, tokenizer or configuration are wanting.
    init(_ listed: [RemoteFile], repository: String) throws(HubError) {
        let top = Dictionary(
            listed.filter { !$0.path.contains("/") }.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        let vocabularies = top.keys.filter { $0.hasPrefix(ModelDirectory.vocabularyPrefix) }.sorted()

        var names = Self.small.filter { top[$0] != nil }.sorted() + vocabularies
        if top[ModelDirectory.configurationName] == nil {
            throw HubError(.unsupportedRepository, "\(repository) is no model: it has no config.json")
        }
        if top[ModelDirectory.tokenizerName] == nil && vocabularies.isEmpty {
            throw HubError(.unsupportedRepository, "\(repository) has no tokenizer.json and no vocabulary")
        }
        if top["model.safetensors"] != nil {
            names.append("model.safetensors")
        } else if top[ModelDirectory.indexName] != nil {
            names.append(ModelDirectory.indexName)
            names += top.keys.filter(Self.isShard).sorted()
        } else if top["model.bin"] != nil {
            names.append("model.bin")
        } else {
            throw HubError(
                .unsupportedRepository, "\(repository) has no weights that can be read (model.safetensors or model.bin)"
            )
        }
        files = names.compactMap { top[$0] }
    }

    /// `model-00001-of-00002.safetensors`
    private static func isShard(_ name: String) -> Bool {
        name.hasPrefix("model-") && name.hasSuffix(".safetensors") && name.contains("-of-")
    }
}
