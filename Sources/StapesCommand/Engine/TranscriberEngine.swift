import FoundationEssentials
import Stapes
import StapesAudio
import StapesHub

/// The library's transcriber as the commands see it.
struct TranscriberEngine: SpeechEngine {
    let transcriber: Transcriber
    let facts: EngineFacts

    /// Finds the model and loads it.
    ///
    /// - Parameters:
    ///   - maximumBatchSize: how many files will be in flight at once.
    ///   - keepsWindows: whether the same audio again may be answered without encoding it; false to measure encoding.
    /// - Throws: `CommandError.Code.model`
    init(_ flags: EngineFlags, maximumBatchSize: Int, keepsWindows: Bool = true) async throws(CommandError) {
        let directory = try flags.modelFlags.resolve()
        var configuration = Self.configuration(flags, directory: directory, maximumBatchSize: maximumBatchSize)
        configuration.keepsWindows = keepsWindows
        try await self.init(configuration, model: flags.modelFlags.model)
    }

    /// What the flags ask of the library.
    static func configuration(
        _ flags: EngineFlags, directory: String, maximumBatchSize: Int
    ) -> TranscriberConfiguration {
        TranscriberConfiguration(
            modelDirectory: directory, device: flags.device, computeType: flags.computeType,
            threads: flags.threads.value, attentionBackend: flags.attentionBackend,
            maximumBatchSize: maximumBatchSize, instructionLevel: instructionLevel)
    }

    init(_ configuration: TranscriberConfiguration, model: String) async throws(CommandError) {
        do {
            transcriber = try await Transcriber(configuration)
        } catch {
            throw CommandError(.model, "\(error)", cause: error)
        }
        facts = EngineFacts(transcriber.description, model: model, modelDirectory: configuration.modelDirectory)
    }

    /// Tests and comparisons run lower levels than the processor has; there is no other use for it.
    static var instructionLevel: String? {
        ProcessInfo.processInfo.environment["STAPES_CPU_LEVEL"].flatMap { $0.isEmpty ? nil : $0 }
    }

    func transcribe(
        _ audio: AudioSource, options: TranscriptionOptions, onEvent: @escaping @Sendable (TranscriptionEvent) -> Void
    ) async throws -> Transcription {
        try await transcriber.transcribe(audio, options: options, onEvent: onEvent)
    }

    func detectLanguage(_ audio: AudioSource) async throws -> [LanguageProbability] {
        try await transcriber.detectLanguage(audio)
    }
}

extension EngineFacts {
    init(_ description: EngineDescription, model: String, modelDirectory: String) {
        self.init(
            model: model, modelDirectory: modelDirectory, device: "\(description.device)",
            computeType: description.computeType.rawValue, threads: description.threads,
            kernels: description.kernels, usesOneDNN: description.usesOneDNN,
            prefillAttention: description.prefillAttention, decodeAttention: description.decodeAttention,
            crossKvBytesPerWindow: description.crossKVBytesPerWindow,
            selfKvBytesPerToken: description.selfKVBytesPerToken)
    }
}

extension ModelFlags {
    var store: ModelStore { ModelStore(root: modelDir) }

    /// - Throws: `CommandError.Code.model`, or `usage` for a name that can stand for no model.
    func resolve() throws(CommandError) -> String {
        do {
            return try store.resolve(model)
        } catch {
            throw CommandError(error)
        }
    }
}

extension CommandError {
    /// A name that can stand for no model is a mistake on the command line; a model that is not there is not.
    init(_ error: HubError) {
        let isMistyped = error.code == .invalidReference || error.code == .unknownModel
        self.init(isMistyped ? .usage : .model, error.message, cause: error)
    }
}
