import Metrics
import StapesDevice
import StapesModel
import StapesTokenizer

/// What the model computes in.
public enum ComputeType: String, Sendable, Hashable, CaseIterable {
    /// The type whose error rate is known: float32, until bfloat16 has been measured where a processor multiplies it.
    case auto
    case float32
    /// Weights and caches in bfloat16, sums in float32.
    case bfloat16
    /// The encoder in bfloat16, the decoder and the caches in float32.
    case bfloat16Encoder = "bfloat16_float32"
    /// The decoder's weights in int8 and its caches in bfloat16; the encoder as in float32.
    case int8

    /// What `auto` stands for.
    package var resolved: ComputeType { self == .auto ? .float32 : self }

    /// Of the decoder and of the caches.
    package var scalarType: ScalarType { resolved == .bfloat16 ? .bfloat16 : .float32 }

    /// What windows are encoded in.
    package var encoderType: ScalarType {
        switch resolved {
        case .bfloat16, .bfloat16Encoder: .bfloat16
        case .auto, .float32, .int8: .float32
        }
    }

    /// What keys and values are held in.
    package var cacheType: ScalarType {
        switch resolved {
        case .bfloat16, .int8: .bfloat16
        case .auto, .float32, .bfloat16Encoder: .float32
        }
    }

    package var decoderTypes: DecoderTypes {
        DecoderTypes(window: scalarType, activations: scalarType, int8Weights: resolved == .int8)
    }
}

/// How decode graphs are used.
package struct GraphOptions: Sendable, Hashable {
    package var mode: GraphMode
    /// Rows that decode graphs are captured at; nil chooses.
    package var decodeRows: [Int]?
    /// Whether a smaller step may be padded to a graph's size; otherwise it runs eagerly.
    package var pads: Bool

    package init(mode: GraphMode = .auto, decodeRows: [Int]? = nil, pads: Bool = true) {
        self.mode = mode
        self.decodeRows = decodeRows
        self.pads = pads
    }
}

/// How an engine is set up. Nothing here changes once it runs.
package struct EngineConfiguration: Sendable {
    package var model: ModelSource
    package var special: SpecialTokens
    package var computeType: ComputeType
    package var threads: Int
    package var level: CPULevel
    package var prefillBackend: BackendChoice
    package var decodeBackend: BackendChoice
    /// Whether products of many rows may go to oneDNN.
    package var usesOneDNN: Bool
    package var graphs: GraphOptions
    /// Sequences at a time.
    package var maximumRows: Int
    /// Whether a decode step is launched before the tokens of the step before have been looked at.
    package var looksAhead: Bool
    /// Bytes that windows and prompts which nobody uses may take, in case they are asked for again; nil chooses.
    package var cacheBytes: Int?
    /// Requests that may wait in the mailbox, those of jobs that were let in not counted.
    package var mailboxCapacity: Int
    /// Windows that may wait before a new job is refused as too many. A job that was let in is never refused.
    package var maximumWaitingWindows: Int
    /// Where the engine counts.
    package var metrics: any MetricsFactory

    package init(
        model: ModelSource, special: SpecialTokens, computeType: ComputeType = .auto, threads: Int,
        level: CPULevel = .best, prefillBackend: BackendChoice = .cpu, decodeBackend: BackendChoice = .cpu,
        usesOneDNN: Bool = true, graphs: GraphOptions = GraphOptions(), maximumRows: Int = 8,
        looksAhead: Bool = false, cacheBytes: Int? = nil, mailboxCapacity: Int = 1024,
        maximumWaitingWindows: Int = EngineConfiguration.defaultWaitingWindows,
        metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        self.model = model
        self.special = special
        self.computeType = computeType
        self.threads = threads
        self.level = level
        self.prefillBackend = prefillBackend
        self.decodeBackend = decodeBackend
        self.usesOneDNN = usesOneDNN
        self.graphs = graphs
        self.maximumRows = maximumRows
        self.looksAhead = looksAhead
        self.cacheBytes = cacheBytes
        self.mailboxCapacity = mailboxCapacity
        self.maximumWaitingWindows = maximumWaitingWindows
        self.metrics = metrics
    }

    /// 64 files with 32 windows each. A waiting window takes a megabyte, its features.
    package static let defaultWaitingWindows = 2048
}

extension EngineConfiguration {
    /// Whether this engine uses graphs, and why.
    ///
    /// - Throws: `unavailable` when graphs are demanded and a backend cannot capture.
    func graphDecision() throws(EngineError) -> GraphDecision {
        try GraphGate.decide(
            mode: graphs.mode, prefill: (prefillBackend.rawValue, prefillBackend.capabilities),
            decode: (decodeBackend.rawValue, decodeBackend.capabilities))
    }

    /// Rows that decode graphs are captured at, ascending.
    var graphRows: [Int] {
        let wanted = graphs.decodeRows ?? GraphBuckets.decodeRows(maximum: maximumRows)
        return Set(wanted.filter { (1...maximumRows).contains($0) }).sorted()
    }
}
