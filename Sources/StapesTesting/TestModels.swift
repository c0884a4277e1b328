import FoundationEssentials

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

    package static var base: String { "\(directory)/base" }
    package static var tinyEnglish: String { "\(directory)/tiny.en" }

    /// Other forms of a model's weights, made by `Scripts/fetch-model --test-forms`.
    package static func otherForms(of name: String) -> [String] {
        let converted = "\(directory)/../converted"
        return ((try? FileManager.default.contentsOfDirectory(atPath: converted)) ?? []).sorted()
            .filter { $0.hasPrefix("\(name)-") && !$0.hasSuffix("-openai-pt") }
            .map { "\(converted)/\($0)" }
    }

    private static func isPresent(_ name: String) -> Bool {
        let found = FileManager.default.fileExists(atPath: "\(directory)/\(name)/config.json")
        if !found { print("skipped: model \(name) is not in \(directory); Scripts/fetch-model \(name) gets it") }
        return found
    }
}
