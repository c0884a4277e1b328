import Metrics
import StapesDevice
import StapesModel
import StapesTokenizer

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
    /// One or more of one kind. Each gets the model and a loop of its own.
    package var devices: [EngineDevice]
    /// Why these, where that was not asked for: for logs and `stapes doctor`.
    package var deviceReason: String?
    package var computeType: ComputeType
    package var crossKVType: CrossKVType
    package var threads: Int
    package var level: CPULevel
    package var prefillBackend: BackendChoice
    package var decodeBackend: BackendChoice
    /// Whether products of many rows may go to oneDNN.
    package var usesOneDNN: Bool
    package var graphs: GraphOptions
    /// Sequences at a time on each device.
    package var maximumRows: Int
    /// Windows that may be encoded at once; nil chooses, see `encoderWindows(for:)`.
    package var encoderWindows: Int?
    /// Whether a decode step is launched before the tokens of the step before have been looked at.
    package var looksAhead: Bool
    /// Whether a GPU's kernels of steps may begin while the kernel before ends.
    package var launchesProgrammatically: Bool
    /// Whether windows may come as samples, of which the device makes log-mel.
    package var logMelOnDevice: Bool
    /// Bytes of each device that windows and prompts which nobody uses may take, in case they are asked for again; nil
    /// chooses.
    package var cacheBytes: Int?
    /// Requests that may wait in the mailbox, those of jobs that were let in not counted.
    package var mailboxCapacity: Int
    /// Windows that may wait before a new job is refused as too many. A job that was let in is never refused.
    package var maximumWaitingWindows: Int
    /// Where the engine counts.
    package var metrics: any MetricsFactory

    package init(
        model: ModelSource, special: SpecialTokens, device: EngineDevice = .cpu, computeType: ComputeType = .auto,
        crossKVType: CrossKVType = .auto, threads: Int, level: CPULevel = .best, prefillBackend: BackendChoice? = nil,
        decodeBackend: BackendChoice? = nil,
        usesOneDNN: Bool = true, graphs: GraphOptions = GraphOptions(), maximumRows: Int = 8,
        encoderWindows: Int? = nil, looksAhead: Bool = false, launchesProgrammatically: Bool = false,
        logMelOnDevice: Bool = false, cacheBytes: Int? = nil, mailboxCapacity: Int = 1024,
        maximumWaitingWindows: Int = EngineConfiguration.defaultWaitingWindows,
        metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        self.model = model
        self.special = special
        devices = [device]
        self.computeType = computeType
        self.crossKVType = crossKVType
        self.threads = threads
        self.level = level
        let fastest: BackendChoice = device.isCUDA ? .native : .cpu
        self.prefillBackend = prefillBackend ?? fastest
        self.decodeBackend = decodeBackend ?? fastest
        self.usesOneDNN = usesOneDNN
        self.graphs = graphs
        self.maximumRows = maximumRows
        self.encoderWindows = encoderWindows
        self.looksAhead = looksAhead
        self.launchesProgrammatically = launchesProgrammatically
        self.logMelOnDevice = logMelOnDevice
        self.cacheBytes = cacheBytes
        self.mailboxCapacity = mailboxCapacity
        self.maximumWaitingWindows = maximumWaitingWindows
        self.metrics = metrics
    }

    /// 64 files with 32 windows each. A waiting window takes a megabyte, its features, or shares the
    /// file's samples.
    package static let defaultWaitingWindows = 2048
}

extension EngineConfiguration {
    /// The first device; the others are of its kind.
    package var device: EngineDevice { devices[0] }

    /// What `computeType` comes to on this device.
    package var resolvedComputeType: ComputeType {
        if device.isCUDA { computeType == .auto ? .float16 : computeType } else { computeType.resolved(fastEncoder) }
    }

    /// What the model computes and holds in what.
    package var types: ComputeTypes {
        if device.isCUDA {
            ComputeTypes(onGPU: resolvedComputeType == .bfloat16 ? .bfloat16 : .float16, crossKV: crossKVType)
        } else {
            ComputeTypes(resolvedComputeType, crossKV: crossKVType, fast: fastEncoder, vnni: hasVNNI)
        }
    }

    /// - Throws: `unavailable` for a type, a backend or an operation that is the other device's.
    package func checkDevice() throws(EngineError) {
        if device.isCUDA, ![.auto, .float16, .bfloat16].contains(computeType) {
            throw EngineError(
                .unavailable,
                "the compute type '\(computeType.rawValue)' is the CPU's; on a GPU there are: auto, float16, bfloat16")
        }
        if logMelOnDevice, !device.isCUDA {
            throw EngineError(.unavailable, "log-mel is made on a GPU or by the host, not on \(device.device)")
        }
        for backend in [prefillBackend, decodeBackend] where backend.isForGPU != device.isCUDA {
            let names = BackendChoice.choices(onGPU: device.isCUDA).map(\.rawValue).joined(separator: ", ")
            throw EngineError(
                .unavailable,
                "the attention backend '\(backend.rawValue)' does not run on \(device.device); there: \(names)")
        }
        let cross = types.crossCache
        for backend in [prefillBackend, decodeBackend] where !backend.capabilities.crossTypes.contains(cross) {
            let names = BackendChoice.choices(onGPU: device.isCUDA)
                .filter { $0.capabilities.crossTypes.contains(cross) }.map(\.rawValue).joined(separator: ", ")
            throw EngineError(
                .unavailable,
                "the attention backend '\(backend.rawValue)' reads no cross keys and values in \(cross); "
                    + "there is: \(names)")
        }
    }

    private var hasVNNI: Bool { level >= .avx512 && CPUDevice.hasInt16Products }

    private var fastEncoder: FastEncoder? {
        // Products and attention both need it.
        if level == .avx512BF16, CPULevel.hasFastBFloat16, usesOneDNN, CPUDevice.hasOneDNN { return .bfloat16 }
        return hasVNNI ? .int16 : nil
    }

    /// Whether this engine uses graphs, and why.
    ///
    /// - Throws: `unavailable` when graphs are demanded and a backend cannot capture.
    package func graphDecision() throws(EngineError) -> GraphDecision {
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
