public import CoreMetrics
import StapesEngine

/// How a transcriber is set up.
public struct TranscriberConfiguration: Sendable {
    /// A folder with `config.json`, a tokenizer and weights, in Hugging Face's or CTranslate2's form; or a ggml file, as
    /// whisper.cpp has them, or a folder with one.
    public var modelDirectory: String
    /// A folder with the weights of Silero's network, for voice activity; nil does without.
    public var voiceActivityDirectory: String?
    public var device: DeviceSelection
    /// On a GPU `auto`, which is `float16` there, `float16` or `bfloat16`.
    public var computeType: ComputeType
    /// What encoded windows are held in for cross-attention: `float8` halves the memory of a window and what a decode step
    /// reads of it. Not with the attention backend `flashinfer`.
    public var crossKVType: CrossKVType
    /// Threads of the engine; nil takes one a processor.
    public var threads: Int?
    /// On the CPU `cpu` or `reference`, on a GPU `native` or `flashinfer`; nil takes `cpu` or `native`.
    public var attentionBackend: String?
    /// The backend for the encoder and the prompts, where it is not `attentionBackend`.
    public var prefillAttentionBackend: String?
    /// The backend for decode steps, where it is not `attentionBackend`.
    public var decodeAttentionBackend: String?
    /// Whether decode steps are captured once and replayed. `on` refuses to start with a backend that cannot.
    public var decodeGraph: GraphMode
    /// Rows that decode graphs are captured at; larger ones than the batch are left out. nil chooses.
    public var decodeGraphRows: [Int]?
    /// Whether a smaller step may be padded to a graph's size; otherwise only steps of just that size are replayed.
    public var padsDecodeGraphs: Bool
    /// Rows of a decode step on each device. A window takes one, or as many as it follows hypotheses or draws samples. Memory for
    /// their caches is taken as it is used.
    public var maximumBatchSize: Int
    /// Windows of 30 s that are encoded together on each device, as many as wait and never more than `maximumBatchSize`; nil
    /// chooses: one on the CPU, up to eight on a GPU. Each takes memory for its activations
    /// (``EngineDescription/encoderByteCount``). No window waits for others.
    public var maximumEncoderBatchSize: Int?
    /// Whether a decode step is launched before the tokens of the step before have been looked at; nil chooses. The
    /// text is the same.
    public var lookAhead: Bool?
    /// Whether, on a GPU, a kernel of a decode step may begin while the kernel before it ends (programmatic dependent
    /// launch). The text is the same.
    public var programmaticLaunch: Bool
    /// Where the log-mel of windows is made. `device` is refused on the CPU. The two differ by what float32 rounds.
    public var logMel: LogMelPlace
    /// Bytes on each device that encoded windows and prompts which nobody uses any more may take, so that the same audio asked for
    /// again is not encoded again; 0 keeps none, nil chooses.
    public var cacheByteCount: Int?
    /// Windows that may wait for the engine before another file is refused as `overloaded`; nil takes 2048, and a waiting
    /// window takes a megabyte. A file that was begun is never refused.
    public var maximumWaitingWindows: Int?
    /// Refuse to start where a request's text could depend on the requests beside it. Where products of windows may go to a
    /// library, windows are encoded one by one then.
    public var requiresDeterminism: Bool
    /// Where the engine counts its work; nil counts where the process does (`MetricsSystem`).
    public var metrics: (any MetricsFactory)?
    /// The kernels' instruction level, `generic`, `avx2`, `avx512` or `avx512_bf16`; nil takes the highest.
    public var instructionLevel: String?

    public init(
        modelDirectory: String, voiceActivityDirectory: String? = nil, device: DeviceSelection = .cpu,
        computeType: ComputeType = .auto, crossKVType: CrossKVType = .auto,
        threads: Int? = nil, attentionBackend: String? = nil, prefillAttentionBackend: String? = nil,
        decodeAttentionBackend: String? = nil, decodeGraph: GraphMode = .auto, decodeGraphRows: [Int]? = nil,
        padsDecodeGraphs: Bool = true, maximumBatchSize: Int = 16, maximumEncoderBatchSize: Int? = nil,
        lookAhead: Bool? = nil, programmaticLaunch: Bool = false, logMel: LogMelPlace = .auto,
        cacheByteCount: Int? = nil,
        maximumWaitingWindows: Int? = nil, requiresDeterminism: Bool = false, metrics: (any MetricsFactory)? = nil,
        instructionLevel: String? = nil
    ) {
        self.modelDirectory = modelDirectory
        self.voiceActivityDirectory = voiceActivityDirectory
        self.device = device
        self.computeType = computeType
        self.crossKVType = crossKVType
        self.threads = threads
        self.attentionBackend = attentionBackend
        self.prefillAttentionBackend = prefillAttentionBackend
        self.decodeAttentionBackend = decodeAttentionBackend
        self.decodeGraph = decodeGraph
        self.decodeGraphRows = decodeGraphRows
        self.padsDecodeGraphs = padsDecodeGraphs
        self.maximumBatchSize = maximumBatchSize
        self.maximumEncoderBatchSize = maximumEncoderBatchSize
        self.lookAhead = lookAhead
        self.programmaticLaunch = programmaticLaunch
        self.logMel = logMel
        self.cacheByteCount = cacheByteCount
        self.maximumWaitingWindows = maximumWaitingWindows
        self.requiresDeterminism = requiresDeterminism
        self.metrics = metrics
        self.instructionLevel = instructionLevel
    }
}

extension TranscriberConfiguration {
    package static let threadCounts = 1...1024
    /// Files or windows at a time.
    package static let batchSizes = 1...256
    /// Rows of a decode step.
    package static let rowCounts = 1...4096
    /// Windows that are encoded together. There is a graph for each number.
    package static let encoderBatchSizes = 1...16
    package static let attentionBackends = BackendChoice.allCases.map(\.rawValue)
}
