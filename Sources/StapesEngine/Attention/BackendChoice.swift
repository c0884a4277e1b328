import StapesDevice

/// The attention backends of this build, by name.
package enum BackendChoice: String, Sendable, Hashable, CaseIterable {
    /// The processor's own kernels.
    case cpu
    /// Plain Swift in double precision: the truth for tests, hundreds of times slower. It is never captured, so that
    /// the truth does not pass through what it is to judge.
    case reference

    package var capabilities: AttentionCapabilities {
        AttentionCapabilities(
            crossAttention: true, capturesCrossAttention: self == .cpu, types: [.float32, .bfloat16, .float16])
    }

    func make(kernels: KernelTable) -> any AttentionBackend {
        let own = self == .reference ? .reference : kernels
        return KernelAttentionBackend(name: rawValue, kernels: own, capabilities: capabilities)
    }
}
