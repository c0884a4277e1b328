import FoundationEssentials

/// The recordings beside the repository (`../shared/data`, or what STAPES_DATA names). They are not part of it, so the
/// tests over them are skipped where they are absent.
package enum SpeechData {
    package static let directory: String = {
        if let named = ProcessInfo.processInfo.environment["STAPES_DATA"], !named.isEmpty { return named }
        return Repository.directory + "/../shared/data"
    }()

    package static let isPresent: Bool = {
        let found = FileManager.default.fileExists(atPath: path("manifest.jsonl"))
        if !found { print("skipped: tests over recordings, none at \(directory)") }
        return found
    }()

    package static func path(_ name: String) -> String { "\(directory)/dev/\(name)" }

    package static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path(name))))
    }

    /// A line of the manifest.
    package struct Entry: Decodable, Sendable {
        package let audio: String
        package let text: String
        package let language: String
        /// Seconds.
        package let duration: Double
        package let category: String
        package let expect: String
    }

    package static func manifest() throws -> [Entry] { try lines("manifest.jsonl") }

    /// What openai/whisper 20250625 made of a recording: base, float32, greedy at temperature 0 only, language given,
    /// no conditioning on previous text. Lists have one entry a segment.
    package struct Reference: Decodable, Sendable {
        package let audio: String
        package let text: String
        package let tokens: [[Int]]
        /// Start and end, seconds.
        package let segments: [[Double]]
        package let averageLogProbability: [Double]
        package let noSpeechProbability: [Double]
        package let compressionRatio: [Double]

        private enum CodingKeys: String, CodingKey {
            case audio, text, tokens, segments
            case averageLogProbability = "avg_logprob"
            case noSpeechProbability = "no_speech_prob"
            case compressionRatio = "compression_ratio"
        }
    }

    package static func references() throws -> [Reference] { try lines("reference_base_float32_greedy.jsonl") }

    /// A file of one JSON object a line.
    package static func lines<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> [Value] {
        try bytes(name).split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(Value.self, from: Data($0))
        }
    }
}

/// Where the sources of this package lie.
package enum Repository {
    package static let directory: String = {
        // FILE lies in PACKAGE/Sources/StapesTesting.
        let package = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
        return package.hasSuffix("/") ? String(package.dropLast()) : package
    }()
}
