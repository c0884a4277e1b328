import CUDADriver

/// The NVIDIA driver of this machine, found at run time.
package final class CUDAPlatform: Sendable {
    package let functions: stapes_cuda_driver
    /// The kernels that are loaded into each device; nil in a build without them.
    private nonisolated(unsafe) let image: UnsafeRawPointer?
    package let deviceCount: Int

    /// Opens the driver and counts the GPUs.
    ///
    /// - Parameter path: of the driver's library; nil looks where the system looks.
    /// - Throws: `unavailable`, with the reason, where there is no driver or no GPU.
    package convenience init(path: String? = nil) throws(DeviceError) {
        let functions = UnsafeMutablePointer<stapes_cuda_driver>.allocate(capacity: 1)
        defer { functions.deallocate() }
        var message = [CChar](repeating: 0, count: 512)
        guard stapes_cuda_open(path, functions, &message, message.count) else {
            throw DeviceError(.unavailable, message.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
        }
        var bytes = 0
        try self.init(functions.pointee, image: stapes_cuda_image(&bytes))
    }

    /// - Parameters:
    ///   - functions: a driver, or what stands in for one.
    ///   - image: what `module_load` takes; nil opens a platform that can be looked at only.
    /// - Throws: `unavailable`.
    package init(_ functions: stapes_cuda_driver, image: UnsafeRawPointer?) throws(DeviceError) {
        self.functions = functions
        self.image = image
        var count: Int32 = 0
        var result = functions.`init`(0)
        if result == 0 { result = functions.device_count(&count) }
        guard result == 0 else {
            throw DeviceError(.unavailable, "no GPU can be used: \(Self.text(result, functions))")
        }
        guard count > 0 else { throw DeviceError(.unavailable, "this machine has no GPU") }
        deviceCount = Int(count)
    }

    /// What a failed call is called in messages.
    func text(_ result: Int32) -> String { Self.text(result, functions) }

    private static func text(_ result: Int32, _ functions: stapes_cuda_driver) -> String {
        var (name, text): (UnsafePointer<CChar>?, UnsafePointer<CChar>?) = (nil, nil)
        _ = functions.error_name(result, &name)
        _ = functions.error_text(result, &text)
        guard let name else { return "error \(result) of the driver" }
        return text.map { "\(String(cString: $0)) (\(String(cString: name)))" } ?? String(cString: name)
    }

    /// - Throws: `unavailable` in a build without kernels.
    func kernels() throws(DeviceError) -> UnsafeRawPointer {
        guard let image else {
            throw DeviceError(.unavailable, "this build has no GPU kernels: run Scripts/build-kernels and build again")
        }
        return image
    }
}
