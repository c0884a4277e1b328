import FoundationEssentials

/// A model folder in the cache. Nothing is fetched: tests over an absent model are skipped.
struct CachedModel: Sendable {
    let directory: String
    /// Says so when the model is absent, for a skipped test must be seen.
    let isPresent: Bool

    static let base = CachedModel("base")
    static let tinyEnglish = CachedModel("tiny.en")

    private init(_ name: String) {
        let environment = ProcessInfo.processInfo.environment
        let root =
            environment["STAPES_CACHE"]
            ?? environment["XDG_CACHE_HOME"].map { "\($0)/stapes/models" }
            ?? "\(environment["HOME"] ?? "")/.cache/stapes/models"
        directory = "\(root)/\(name)"
        isPresent = FileManager.default.fileExists(atPath: "\(directory)/tokenizer.json")
        if !isPresent { print("skipped: no model in \(directory)") }
    }

    /// The ids that the CTranslate2 form suppresses.
    func suppressedIds() throws -> [Int] {
        struct Configuration: Decodable {
            let suppressIds: [Int]
        }
        let data = try Data(contentsOf: URL(filePath: "\(directory)/config.json"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Configuration.self, from: data).suppressIds
    }
}
