import CKernels

/// How the device holds a number.
package enum ScalarType: Sendable, Hashable {
    case float32
    case bfloat16
    /// Of weights and caches: widened where they are read, never what is computed in.
    case float16
    /// E4M3, of a window's keys and values alone: widened where they are read.
    case float8

    package var byteCount: Int {
        switch self {
        case .float32: 4
        case .bfloat16, .float16: 2
        case .float8: 1
        }
    }

    package var kernelType: stapes_type {
        switch self {
        case .float32: STAPES_FLOAT32
        case .bfloat16: STAPES_BFLOAT16
        case .float16: STAPES_FLOAT16
        case .float8: STAPES_FLOAT8
        }
    }
}
