import CUDADriver

/// The NVIDIA driver of this machine, found at run time.
package final class CUDAPlatform: Sendable {
    package let functions: stapes_cuda_driver
    /// The kernels that are loaded into each device; nil in a build without them. Constant bytes of the program.
    private nonisolated(unsafe) let image: UnsafeRawPointer?
    /// Where each device looks for a library for products of many rows.
    package let matrixLibrary: MatrixLibrary
    package let deviceCount: Int
    /// What is taken for FlashInfer's library; nil looks for it.
    private let givenFlashInfer: FlashInferLibrary?

    /// Opens the driver and counts the GPUs.
    ///
    /// - Parameters:
    ///   - path: of the driver's library; nil looks where the system looks.
    ///   - matrixLibrary: where each device looks for a library for products of many rows.
    /// - Throws: `unavailable`, with the reason, where there is no driver or no GPU.
    package convenience init(
        path: String? = nil, matrixLibrary: MatrixLibrary = .cuBLASLt(path: nil)
    ) throws(DeviceError) {
        let functions = UnsafeMutablePointer<stapes_cuda_driver>.allocate(capacity: 1)
        defer { functions.deallocate() }
        var message = [CChar](repeating: 0, count: 512)
        guard stapes_cuda_open(path, functions, &message, message.count) else {
            throw DeviceError(.unavailable, message.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
        }
        var bytes = 0
        try self.init(functions.pointee, image: stapes_cuda_image(&bytes), matrixLibrary: matrixLibrary)
    }

    /// - Parameters:
    ///   - functions: a driver, or what stands in for one.
    ///   - image: what `module_load` takes; nil opens a platform that can be looked at only.
    ///   - matrixLibrary: one that works with the driver, or none.
    ///   - flashInfer: its library, or what stands in for it; nil looks for it when it is asked for.
    /// - Throws: `unavailable`.
    package init(
        _ functions: stapes_cuda_driver, image: UnsafeRawPointer?, matrixLibrary: MatrixLibrary = .none,
        flashInfer: FlashInferLibrary? = nil
    ) throws(DeviceError) {
        self.functions = functions
        self.image = image
        self.matrixLibrary = matrixLibrary
        givenFlashInfer = flashInfer
        var count: Int32 = 0
        var result = functions.`init`(0)
        if result == 0 { result = functions.device_count(&count) }
        guard result == 0 else {
            throw DeviceError(.unavailable, "no GPU can be used: \(Self.text(result, functions))")
        }
        guard count > 0 else { throw DeviceError(.unavailable, "this machine has no GPU") }
        deviceCount = Int(count)
    }

    /// Whether no library for products of many rows is looked for. Whether one is found is known when a device is opened.
    package var hasNoMatrixLibrary: Bool { if case .none = matrixLibrary { true } else { false } }

    /// What a failed call is called in messages.
    func text(_ result: Int32) -> String { Self.text(result, functions) }

    private static func text(_ result: Int32, _ functions: stapes_cuda_driver) -> String {
        var (name, text): (UnsafePointer<CChar>?, UnsafePointer<CChar>?) = (nil, nil)
        _ = functions.error_name(result, &name)
        _ = functions.error_text(result, &text)
        guard let name else { return "error \(result) of the driver" }
        return text.map { "\(String(cString: $0)) (\(String(cString: name)))" } ?? String(cString: name)
    }

    /// - Throws: `unavailable`, with the reason, where there is no library.
    package func flashInfer() throws(DeviceError) -> FlashInferLibrary {
        if let givenFlashInfer { return givenFlashInfer }
        return try FlashInferLibrary()
    }

    /// - Throws: `unavailable` in a build without kernels.
    func kernels() throws(DeviceError) -> UnsafeRawPointer {
        guard let image else {
            throw DeviceError(.unavailable, "this build has no GPU kernels: run Scripts/build-kernels and build again")
        }
        return image
    }
}
