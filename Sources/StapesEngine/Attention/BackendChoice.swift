import StapesDevice

/// The attention backends of this build, by name.
package enum BackendChoice: String, Sendable, Hashable, CaseIterable {
    /// The processor's own kernels.
    case cpu
    /// Plain Swift in double precision: the truth for tests, hundreds of times slower.
    case reference

    func make(kernels: KernelTable) -> any AttentionBackend {
        switch self {
        case .cpu: KernelAttentionBackend(name: rawValue, kernels: kernels)
        case .reference: KernelAttentionBackend(name: rawValue, kernels: .reference)
        }
    }
}
