import StapesEngine

/// Which device to ask for.
public enum DeviceSelection: Sendable, Hashable {
    case cpu
    /// The fastest that there is.
    case auto
    case cuda(Int)
}

/// How a transcriber is set up.
public struct TranscriberConfiguration: Sendable {
    /// A folder with `config.json`, a tokenizer and weights, in Hugging Face's or CTranslate2's form.
    public var modelDirectory: String
    public var device: DeviceSelection
    public var computeType: ComputeType
    /// Threads of the engine; nil takes one a processor.
    public var threads: Int?
    /// `cpu` or `reference`; nil takes the fastest.
    public var attentionBackend: String?
    /// The backend for the encoder and the prompts, where it is not `attentionBackend`.
    public var prefillAttentionBackend: String?
    /// The backend for decode steps, where it is not `attentionBackend`.
    public var decodeAttentionBackend: String?
    /// Whether decode steps are captured once and replayed. `on` refuses to start with a backend that cannot.
    public var decodeGraph: GraphMode
    /// Rows that decode graphs are captured at; larger ones than the batch are left out. nil chooses.
    public var decodeGraphRows: [Int]?
    /// Windows that are decoded at a time. Memory for their caches is taken as it is used.
    public var maximumBatchSize: Int
    /// Whether the same audio, asked for again, is answered without encoding it again. Benchmarks turn it off.
    public var keepsWindows: Bool
    /// The kernels' instruction level, `generic`, `avx2` or `avx512`; nil takes the highest.
    public var instructionLevel: String?

    public init(
        modelDirectory: String, device: DeviceSelection = .cpu, computeType: ComputeType = .auto,
        threads: Int? = nil, attentionBackend: String? = nil, prefillAttentionBackend: String? = nil,
        decodeAttentionBackend: String? = nil, decodeGraph: GraphMode = .auto, decodeGraphRows: [Int]? = nil,
        maximumBatchSize: Int = 8, keepsWindows: Bool = true, instructionLevel: String? = nil
    ) {
        self.modelDirectory = modelDirectory
        self.device = device
        self.computeType = computeType
        self.threads = threads
        self.attentionBackend = attentionBackend
        self.prefillAttentionBackend = prefillAttentionBackend
        self.decodeAttentionBackend = decodeAttentionBackend
        self.decodeGraph = decodeGraph
        self.decodeGraphRows = decodeGraphRows
        self.maximumBatchSize = maximumBatchSize
        self.keepsWindows = keepsWindows
        self.instructionLevel = instructionLevel
    }
}

extension TranscriberConfiguration {
    package static let threadCounts = 1...1024
    package static let batchSizes = 1...256
    package static let attentionBackends = BackendChoice.allCases.map(\.rawValue)
}
