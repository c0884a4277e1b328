import StapesDevice

/// The attention backends of this build, by name.
package enum BackendChoice: String, Sendable, Hashable, CaseIterable {
    /// The processor's own kernels.
    case cpu
    /// Plain Swift in double precision: the truth for tests, hundreds of times slower. It is never captured, so that
    /// the truth does not pass through what it is to judge.
    case reference
    /// Our own kernels on a GPU.
    case native
    /// FlashInfer's paged attention on a GPU.
    case flashinfer

    package var capabilities: AttentionCapabilities {
        switch self {
        case .cpu, .reference:
            AttentionCapabilities(
                crossAttention: true, capturesCrossAttention: self == .cpu, types: [.float32, .bfloat16, .float16],
                crossTypes: [.float32, .bfloat16, .float16, .float8])
        case .native:
            AttentionCapabilities(
                crossAttention: true, capturesCrossAttention: true, types: [.float16, .bfloat16],
                crossTypes: [.float16, .bfloat16, .float8])
        case .flashinfer:
            // How it cuts a sequence up depends on the sequences beside it.
            AttentionCapabilities(
                crossAttention: true, capturesCrossAttention: true, types: [.float16, .bfloat16],
                keepsRowsApart: false)
        }
    }

    /// Whether the backend runs on a GPU; the others run on the CPU.
    package var isForGPU: Bool { self == .native || self == .flashinfer }

    /// What a device has, the fastest first.
    package static func choices(onGPU: Bool) -> [BackendChoice] { allCases.filter { $0.isForGPU == onGPU } }

    /// What a backend is made for.
    struct Extent {
        /// The most sequences and tokens of a step, and groups of tokens.
        let rows: Int
        let tokens: Int
        let groups: Int
        let layers: Int
        let heads: Int
        let type: ScalarType
        /// The longest sequence or window, in positions.
        let longest: Int
    }

    /// - Parameters:
    ///   - kernels: the processor's, for the CPU's backends.
    ///   - stream: where its steps run.
    func make(
        kernels: KernelTable, extent: Extent, on stream: Stream
    ) throws(DeviceError) -> any AttentionBackend {
        switch self {
        case .cpu: KernelAttentionBackend(name: rawValue, kernels: kernels, capabilities: capabilities)
        case .reference: KernelAttentionBackend(name: rawValue, kernels: .reference, capabilities: capabilities)
        case .native:
            try NativeAttentionBackend(
                groups: extent.groups, heads: extent.heads, longest: extent.longest, on: stream)
        case .flashinfer: try FlashInferAttentionBackend(extent, on: stream)
        }
    }
}
