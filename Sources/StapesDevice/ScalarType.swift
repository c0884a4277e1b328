import CKernels

/// How the device holds a number.
package enum ScalarType: Sendable, Hashable {
    case float32
    case bfloat16
    /// Of weights and caches: widened where they are read, never what is computed in.
    case float16

    package var byteCount: Int { self == .float32 ? 4 : 2 }

    package var kernelType: stapes_type {
        switch self {
        case .float32: STAPES_FLOAT32
        case .bfloat16: STAPES_BFLOAT16
        case .float16: STAPES_FLOAT16
        }
    }
}
