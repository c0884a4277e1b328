import CKernels

/// The instruction sets that the C kernels are built for.
package enum CPULevel: String, Sendable, Hashable, CaseIterable, Comparable {
    case generic
    case avx2
    case avx512
    /// AVX-512, and bfloat16 multiplied in hardware.
    case avx512BF16 = "avx512_bf16"

    var kernelLevel: stapes_level {
        switch self {
        case .generic: STAPES_GENERIC
        case .avx2: STAPES_AVX2
        case .avx512: STAPES_AVX512
        case .avx512BF16: STAPES_AVX512_BF16
        }
    }

    package static func < (one: CPULevel, other: CPULevel) -> Bool { one.number < other.number }

    /// The number by which the C kernels know the level.
    package var number: Int { Int(kernelLevel.rawValue) }

    package var isAvailable: Bool { stapes_kernels_at(kernelLevel) != nil }

    package static var available: [CPULevel] { allCases.filter(\.isAvailable) }

    package static var best: CPULevel { available.last ?? .generic }

    /// Whether the processor multiplies bfloat16 in hardware.
    package static var hasBFloat16: Bool { stapes_has_bfloat16() }

    /// Whether it does so faster than it multiplies float32.
    package static var hasFastBFloat16: Bool { stapes_has_fast_bfloat16() }

    /// Processors that this process may use, by its affinity and its control group.
    package static var usableProcessors: Int { Int(stapes_usable_processors()) }
}
