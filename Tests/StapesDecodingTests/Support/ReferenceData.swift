import FoundationEssentials

/// What the reference printed for real files, and the vocabulary needed to read it; both may be absent.
enum ReferenceData {
    struct File: Decodable {
        var audio: String
        var text: String
        var tokens: [[Int]]
        var segments: [[Double]]
        var averageLogProbability: [Double]
        var noSpeechProbability: [Double]
        var compressionRatio: [Double]

        private enum CodingKeys: String, CodingKey {
            case audio, text, tokens, segments
            case averageLogProbability = "avg_logprob"
            case noSpeechProbability = "no_speech_prob"
            case compressionRatio = "compression_ratio"
        }
    }

    private struct Entry: Decodable {
        var audio: String
        var duration: Double
    }

    private static var folder: String {
        if let given = ProcessInfo.processInfo.environment["STAPES_DATA"] {
            return given
        }
        // Tests/StapesDecodingTests/Support/this file: the data lies beside the package, or further up.
        let package = String(describing: #filePath).split(separator: "/", omittingEmptySubsequences: false).dropLast(4)
        let candidates = (1...2).map { package.dropLast($0).joined(separator: "/") + "/shared/data" }
        return candidates.first { FileManager.default.fileExists(atPath: $0) } ?? candidates[0]
    }

    private static var vocabularyPath: String? {
        let environment = ProcessInfo.processInfo.environment
        let root =
            environment["STAPES_CACHE"]
            ?? environment["XDG_CACHE_HOME"].map { $0 + "/stapes/models" }
            ?? environment["HOME"].map { $0 + "/.cache/stapes/models" }
        return root.map { $0 + "/base/vocabulary.txt" }
    }

    static let isPresent: Bool = {
        let wanted = [folder + "/dev/reference_base_float32_greedy.jsonl", folder + "/dev/manifest.jsonl"]
        let missing = (wanted + [vocabularyPath ?? "vocabulary.txt of base"])
            .filter { !FileManager.default.fileExists(atPath: $0) }
        if !missing.isEmpty {
            print("skipped: the replay of the reference's files needs \(missing.joined(separator: ", "))")
        }
        return missing.isEmpty
    }()

    static func files() throws -> [File] {
        try lines(folder + "/dev/reference_base_float32_greedy.jsonl")
    }

    /// Seconds by file name.
    static func durations() throws -> [String: Double] {
        let entries: [Entry] = try lines(folder + "/dev/manifest.jsonl")
        return Dictionary(uniqueKeysWithValues: entries.map { ($0.audio, $0.duration) })
    }

    static func vocabulary() throws -> [String] {
        let data = try Data(contentsOf: URL(filePath: vocabularyPath ?? ""))
        return String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    private static func lines<Value: Decodable>(_ path: String) throws -> [Value] {
        let decoder = JSONDecoder()
        return try Data(contentsOf: URL(filePath: path)).split(separator: UInt8(ascii: "\n"))
            .map { try decoder.decode(Value.self, from: Data($0)) }
    }
}
