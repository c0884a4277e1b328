import StapesDevice
import StapesModel

/// What an engine resolved its configuration to, for logs and `stapes doctor`.
public struct EngineDescription: Sendable, Hashable {
    public let device: Device
    /// All that hold the model and take windows; `device` is the first.
    public let devices: [Device]
    /// Why these, where `auto` chose.
    public let deviceReason: String?
    /// What products are computed in and caches held in.
    public let computeType: ComputeType
    /// What a window's keys and values are held in.
    public let crossKVType: CrossKVType
    public let threads: Int
    /// The instruction level of the kernels: generic, avx2, avx512 or avx512_bf16; on GPUs their names.
    public let kernels: String
    /// Whether products of many rows go to oneDNN.
    public let usesOneDNN: Bool
    public let prefillAttention: String
    public let decodeAttention: String
    public let decodeGraph: GraphDecision
    /// Rows that decode graphs were captured at.
    public let decodeGraphRows: [Int]
    /// Bytes of all captured graphs; nil before any is captured.
    public internal(set) var capturedGraphBytes: Int?
    /// Whether a decode step is launched before the tokens of the step before have been looked at.
    public let looksAhead: Bool
    /// Whether the device makes the log-mel of windows itself; otherwise the host does.
    public let logMelOnDevice: Bool
    /// Whether a request's text, scores and times are the same bits alone and in any batch: every product of a step
    /// computes a row in one order whatever rows are beside it. Products of a library are the exception, whose order may
    /// depend on the number of rows: only windows have them, so that a GPU on which a library may be found encodes them one
    /// by one, each with its own, or is not deterministic. Of the attention backends FlashInfer alone lets a row depend on
    /// others.
    public let isDeterministic: Bool
    /// Windows that may be encoded at once on each device.
    public let maximumEncoderBatchSize: Int
    /// Bytes of each device for the activations of so many windows.
    public let encoderByteCount: Int
    /// Bytes of each device that windows and prompts which nobody uses may take.
    public let cacheByteCount: Int
    /// Sequences at a time, over all devices.
    public let maximumRows: Int
    /// Cross keys and values of one window over all decoder layers.
    public let crossKVBytesPerWindow: Int
    /// Self keys and values of one token over all decoder layers.
    public let selfKVBytesPerToken: Int

    package let model: ModelConfiguration

    /// No weight is needed for it, only the model's shape.
    ///
    /// - Throws: `unavailable` for a type, a backend or an operation that the device does not have, and when graphs are
    ///   demanded and a backend cannot capture.
    package init(_ configuration: EngineConfiguration, model: ModelConfiguration) throws(EngineError) {
        try configuration.checkDevice()
        self.model = model
        device = configuration.device.device
        devices = configuration.devices.map(\.device)
        deviceReason = configuration.deviceReason
        computeType = configuration.resolvedComputeType
        crossKVType = configuration.crossKVType
        threads = configuration.threads
        if configuration.device.isCUDA {
            kernels = configuration.gpuNames.joined(separator: ", ")
            usesOneDNN = false
        } else {
            kernels = configuration.level.rawValue
            usesOneDNN =
                configuration.usesOneDNN && CPUDevice.hasOneDNN && configuration.types.encoderIntegers == nil
        }
        prefillAttention = configuration.prefillBackend.rawValue
        decodeAttention = configuration.decodeBackend.rawValue
        decodeGraph = try configuration.graphDecision()
        decodeGraphRows = decodeGraph.enabled ? configuration.graphRows : []
        maximumRows = configuration.maximumRows * configuration.devices.count
        looksAhead = configuration.looksAhead
        logMelOnDevice = configuration.logMelOnDevice
        maximumEncoderBatchSize = configuration.encoderWindows(for: model)
        encoderByteCount = maximumEncoderBatchSize * configuration.encoderBytesPerWindow(for: model)
        isDeterministic =
            [configuration.prefillBackend, configuration.decodeBackend].allSatisfy(\.capabilities.keepsRowsApart)
            && (maximumEncoderBatchSize == 1 || configuration.keepsWindowsApart)
        // Keys and values, a vector of the model's width each, in every decoder layer.
        let elements = model.decoderLayers * 2 * model.width
        selfKVBytesPerToken = elements * configuration.types.cache.byteCount
        crossKVBytesPerWindow = elements * configuration.types.crossCache.byteCount * model.audioContext
        cacheByteCount = SchedulerLimits(configuration, model: model).cacheBytes
    }
}

extension EngineConfiguration {
    /// Whether a window gets the same bits whatever others are encoded with it. Our kernels see to that; how a library
    /// adds up may depend on the number of rows.
    package var keepsWindowsApart: Bool {
        switch device {
        case .cpu: !(usesOneDNN && CPUDevice.hasOneDNN) || types.encoderIntegers != nil
        case .cuda(let context): context.platform.hasNoMatrixLibrary
        }
    }

    /// What the GPUs are called, each name once.
    fileprivate var gpuNames: [String] {
        var names: [String] = []
        for case .cuda(let context) in devices where !names.contains(context.name) { names.append(context.name) }
        return names
    }
}
