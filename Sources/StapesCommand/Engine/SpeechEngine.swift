import Stapes
import StapesAudio

/// What the commands need of the library: the seam at which tests put an engine that needs no model.
package protocol SpeechEngine: Sendable {
    var facts: EngineFacts { get }

    func transcribe(
        _ audio: AudioSource, options: TranscriptionOptions, onEvent: @escaping @Sendable (TranscriptionEvent) -> Void
    ) async throws -> Transcription

    /// Most probable first.
    func detectLanguage(_ audio: AudioSource) async throws -> [LanguageProbability]
}

/// What an engine says about itself once its `auto` settings are resolved.
package struct EngineFacts: Sendable, Hashable {
    package var model: String
    /// Empty for random weights.
    package var modelDirectory: String
    /// `cpu`, `cuda:1`, or several with commas.
    package var device: String
    /// Why this one, where `auto` or `all` chose.
    package var deviceReason: String?
    package var computeType: String
    package var threads: Int
    /// Instruction level of the kernels.
    package var kernels: String
    /// Whether products of many rows go to oneDNN.
    package var usesOneDNN: Bool
    package var prefillAttention: String
    package var decodeAttention: String
    package var decodeGraph: GraphDecision
    /// Rows that decode graphs were captured at.
    package var decodeGraphRows: [Int]
    /// Bytes of all captured graphs; nil before any is captured.
    package var capturedGraphBytes: Int?
    package var looksAhead: Bool
    package var isDeterministic: Bool
    /// Windows that may be encoded together on each device, and bytes for their activations.
    package var maximumEncoderBatchSize: Int
    package var encoderByteCount: Int
    /// Bytes of each device that windows and prompts which nobody uses may take.
    package var cacheByteCount: Int
    package var crossKvBytesPerWindow: Int
    package var selfKvBytesPerToken: Int

    package init(
        model: String, modelDirectory: String, device: String, deviceReason: String? = nil, computeType: String,
        threads: Int,
        kernels: String, usesOneDNN: Bool, prefillAttention: String, decodeAttention: String,
        decodeGraph: GraphDecision, decodeGraphRows: [Int], capturedGraphBytes: Int? = nil,
        looksAhead: Bool = false, isDeterministic: Bool = true, maximumEncoderBatchSize: Int = 1,
        encoderByteCount: Int = 0, cacheByteCount: Int = 0, crossKvBytesPerWindow: Int,
        selfKvBytesPerToken: Int
    ) {
        self.model = model
        self.modelDirectory = modelDirectory
        self.device = device
        self.deviceReason = deviceReason
        self.computeType = computeType
        self.threads = threads
        self.kernels = kernels
        self.usesOneDNN = usesOneDNN
        self.prefillAttention = prefillAttention
        self.decodeAttention = decodeAttention
        self.decodeGraph = decodeGraph
        self.decodeGraphRows = decodeGraphRows
        self.capturedGraphBytes = capturedGraphBytes
        self.looksAhead = looksAhead
        self.isDeterministic = isDeterministic
        self.maximumEncoderBatchSize = maximumEncoderBatchSize
        self.encoderByteCount = encoderByteCount
        self.cacheByteCount = cacheByteCount
        self.crossKvBytesPerWindow = crossKvBytesPerWindow
        self.selfKvBytesPerToken = selfKvBytesPerToken
    }
}
