import FoundationEssentials
import Stapes
import StapesAudio
import StapesHub
import StapesMetrics
import StapesModel

/// The library's transcriber as the commands see it.
struct TranscriberEngine: SpeechEngine {
    let transcriber: Transcriber
    let facts: EngineFacts

    /// Finds the model and loads it.
    ///
    /// - Parameters:
    ///   - maximumBatchSize: how many files will be in flight at once.
    ///   - keepsNothing: the same audio again is encoded again, whatever the flags say: to measure encoding.
    ///   - metrics: where the engine counts.
    ///   - console: told when decode steps are not captured although nobody asked for that.
    /// - Throws: `CommandError.Code.model`
    init(
        _ flags: EngineFlags, maximumBatchSize: Int, keepsNothing: Bool = false, metrics: MetricsRegistry? = nil,
        console: Console
    ) async throws(CommandError) {
        var configuration = flags.configuration(
            modelDirectory: try flags.modelFlags.resolve(), maximumBatchSize: maximumBatchSize)
        if keepsNothing { configuration.cacheByteCount = 0 }
        configuration.metrics = metrics
        configuration.voiceActivityDirectory =
            "\(flags.modelFlags.storeFlags.store.root)/\(VoiceActivityWeights.directoryName)"
        configuration.instructionLevel = Self.instructionLevel
        do {
            transcriber = try await Transcriber(configuration)
        } catch {
            throw CommandError(.model, "\(error)", cause: error)
        }
        facts = EngineFacts(
            transcriber.description, model: flags.modelFlags.name, modelDirectory: configuration.modelDirectory)
        if let warning = facts.graphWarning { console.warning(warning) }
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
    /// Why decode steps are not captured, where nobody asked for that.
    var graphWarning: String? {
        guard decodeGraph.enabled, decodeGraphRows.isEmpty else { return decodeGraph.warning }
        return "no decode graphs: all that are asked for have more rows than the batch size"
    }

    init(_ description: EngineDescription, model: String, modelDirectory: String) {
        self.init(
            model: model, modelDirectory: modelDirectory,
            device: description.devices.map(\.description).joined(separator: ","),
            deviceReason: description.deviceReason,
            computeType: description.computeType.rawValue, threads: description.threads,
            kernels: description.kernels, usesOneDNN: description.usesOneDNN,
            prefillAttention: description.prefillAttention, decodeAttention: description.decodeAttention,
            decodeGraph: description.decodeGraph, decodeGraphRows: description.decodeGraphRows,
            capturedGraphBytes: description.capturedGraphBytes, looksAhead: description.looksAhead,
            isDeterministic: description.isDeterministic,
            maximumEncoderBatchSize: description.maximumEncoderBatchSize,
            encoderByteCount: description.encoderByteCount, cacheByteCount: description.cacheByteCount,
            crossKvBytesPerWindow: description.crossKVBytesPerWindow,
            selfKvBytesPerToken: description.selfKVBytesPerToken)
    }
}

extension CommandError {
    init(_ error: StapesError) { self.init(.model, error.message, cause: error) }

    /// A name that can stand for no model is a mistake on the command line; a model that is not there is not.
    init(_ error: HubError) {
        let isMistyped = error.code == .invalidReference || error.code == .unknownModel
        self.init(isMistyped ? .usage : .model, error.message, cause: error)
    }
}

extension GraphDecision {
    /// A line for the log, if the decision is one that nobody asked for.
    var warning: String? { isWarning ? "no decode graphs: \(reason)" : nil }
}
