import Stapes
import StapesTesting

/// Transcribers that the tests share, since loading one takes most of a second.
actor LoadedTranscriber {
    static let base = LoadedTranscriber(
        TranscriberConfiguration(modelDirectory: TestModels.base, computeType: .float32))
    static let tinyEnglish = LoadedTranscriber(
        TranscriberConfiguration(modelDirectory: TestModels.tinyEnglish, computeType: .float32))

    private let configuration: TranscriberConfiguration
    private var loading: Task<Transcriber, any Error>?

    init(_ configuration: TranscriberConfiguration) { self.configuration = configuration }

    func get() async throws -> Transcriber {
        let configuration = configuration
        let task = loading ?? Task { try await Transcriber(configuration) }
        loading = task
        return try await task.value
    }
}
