import FoundationEssentials
import StapesModel

/// Trained models in the cache folder, where `Scripts/fetch-model` puts them. Tests never fetch.
package enum TestModels {
    package static let directory: String = {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["STAPES_CACHE"], !path.isEmpty { return path }
        if let path = environment["XDG_CACHE_HOME"], !path.isEmpty { return "\(path)/stapes/models" }
        return "\(environment["HOME"] ?? "")/.cache/stapes/models"
    }()

    package static let hasBase = isPresent("base")
    package static let hasTinyEnglish = isPresent("tiny.en")

    package static let hasVoiceActivity = isPresent(
        VoiceActivityWeights.directoryName, file: VoiceActivityWeights.fileName)

    package static var base: String { "\(directory)/base" }
    package static var tinyEnglish: String { "\(directory)/tiny.en" }
    package static var voiceActivity: String { "\(directory)/\(VoiceActivityWeights.directoryName)" }

    /// Folders with other forms of a model's weights, made by `Scripts/fetch-model --test-forms`. OpenAI's own form is
    /// for other programs and not among them.
    package static func otherForms(of name: String) -> [String] {
        let converted = "\(directory)/../converted"
        return ((try? FileManager.default.contentsOfDirectory(atPath: converted)) ?? []).sorted()
            .filter { $0.hasPrefix("\(name)-") && !$0.hasSuffix("-openai-pt") }
            .map { "\(converted)/\($0)" }
    }

    /// The ids that a model's own settings suppress, from whichever file its form keeps them in.
    package static func suppressedTokens(of directory: String) throws -> [Int] {
        try Checkpoint(directory: directory).configuration.suppressTokens ?? []
    }

    /// The vocabulary of a model by id, spelt as its `tokenizer.json` has it. Ids without an entry are empty.
    package static func vocabulary(of directory: String) throws -> [String] {
        struct File: Decodable {
            struct Model: Decodable { let vocab: [String: Int] }
            struct Added: Decodable {
                let id: Int
                let content: String
            }
            let model: Model
            let addedTokens: [Added]

            private enum CodingKeys: String, CodingKey {
                case model
                case addedTokens = "added_tokens"
            }
        }
        let data = try Data(contentsOf: URL(filePath: "\(directory)/tokenizer.json"))
        let file = try JSONDecoder().decode(File.self, from: data)
        let entries = file.model.vocab.map { ($1, $0) } + file.addedTokens.map { ($0.id, $0.content) }
        var vocabulary = [String](repeating: "", count: (entries.map(\.0).max() ?? -1) + 1)
        for (id, spelling) in entries where id >= 0 { vocabulary[id] = spelling }
        return vocabulary
    }

    private static func isPresent(_ name: String, file: String = "config.json") -> Bool {
        let found = FileManager.default.fileExists(atPath: "\(directory)/\(name)/\(file)")
        if !found { print("skipped: model \(name) is not in \(directory); Scripts/fetch-model \(name) gets it") }
        return found
    }
}
