import StapesTesting

/// What the reference printed for real files, and the vocabulary needed to read it; both may be absent.
enum ReferenceData {
    /// Seconds by file name.
    static func durations() throws -> [String: Double] {
        Dictionary(uniqueKeysWithValues: try SpeechData.manifest().map { ($0.audio, $0.duration) })
    }

    static func vocabulary() throws -> [String] { try TestModels.vocabulary(of: TestModels.base) }
}
