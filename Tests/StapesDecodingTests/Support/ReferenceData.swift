import FoundationEssentials
import StapesTesting

/// What the reference printed for real files, and the vocabulary needed to read it; both may be absent.
enum ReferenceData {
    static let isPresent = SpeechData.isPresent && TestModels.hasBase

    /// Seconds by file name.
    static func durations() throws -> [String: Double] {
        Dictionary(uniqueKeysWithValues: try SpeechData.manifest().map { ($0.audio, $0.duration) })
    }

    static func vocabulary() throws -> [String] {
        let data = try Data(contentsOf: URL(filePath: TestModels.base + "/vocabulary.txt"))
        return String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }
}
