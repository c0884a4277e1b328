import CUDADriver

/// Where a library for matrix products of many rows is looked for.
package enum MatrixLibrary: Sendable {
    /// cuBLASLt at `path`; nil for what the environment's STAPES_CUBLASLT names, or else where it usually lies.
    case cuBLASLt(path: String?)
    /// A stand-in for it.
    case functions(stapes_cublaslt_functions)
    /// Nowhere: our own kernels multiply.
    case none
}

extension MatrixLibrary {
    /// Opens the library for the device whose context is current.
    ///
    /// - Throws: `unavailable`, with the reason.
    func open() throws(DeviceError) -> OpaquePointer {
        var message = [CChar](repeating: 0, count: 2048)
        let library: OpaquePointer? =
            switch self {
            case .cuBLASLt(let path): stapes_cublaslt_create(path, &message, message.count)
            case .functions(var functions):
                stapes_cublaslt_create_with(&functions, "a stand-in", &message, message.count)
            case .none: throw DeviceError(.unavailable, "switched off")
            }
        guard let library else {
            throw DeviceError(.unavailable, message.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
        }
        return library
    }
}
