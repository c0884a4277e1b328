import StapesDevice

/// The attention backends of this build, by name.
package enum BackendChoice: String, Sendable, Hashable, CaseIterable {
    /// The processor's own kernels.
    case cpu
    /// Plain Swift in double precision: the truth for tests, hundreds of times slower. It is never captured, so that
    /// the truth does not pass through what it is to judge.
    case reference

    /// What the backend can do; the kernels do not change it.
    package var capabilities: AttentionCapabilities { make(kernels: .reference).capabilities }

    func make(kernels: KernelTable) -> any AttentionBackend {
        switch self {
        case .cpu: KernelAttentionBackend(name: rawValue, kernels: kernels, isCaptured: true)
        case .reference: KernelAttentionBackend(name: rawValue, kernels: .reference, isCaptured: false)
        }
    }
}
