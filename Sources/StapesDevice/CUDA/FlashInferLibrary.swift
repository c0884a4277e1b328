import CUDADriver

/// FlashInfer's attention, found at run time.
package final class FlashInferLibrary: Sendable {
    package let functions: stapes_flashinfer_library
    package let version: String

    // What graphs, traces and profiles know its kernels by.
    package static let decodeKernel = Kernel(library: "flashinfer decode")
    package static let prefillKernel = Kernel(library: "flashinfer prefill")
    package static let mergeKernel = Kernel(library: "flashinfer merge")

    /// - Parameter path: of the library; nil looks at the environment, beside the program, and where the system looks.
    /// - Throws: `unavailable`, with the reason.
    package convenience init(path: String? = nil) throws(DeviceError) {
        var message = [CChar](repeating: 0, count: 512)
        let opened = withUnsafeTemporaryAllocation(of: stapes_flashinfer_library.self, capacity: 1) { table in
            stapes_flashinfer_open(path, table.baseAddress!, &message, message.count) ? table[0] : nil
        }
        guard let opened else {
            throw DeviceError(.unavailable, message.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
        }
        self.init(opened)
    }

    /// - Parameter functions: the library's, or what stands in for them.
    package init(_ functions: stapes_flashinfer_library) {
        self.functions = functions
        version = String(cString: functions.version())
    }

    /// - Throws: `failed`, with the library's own words, for what returned another number than 0.
    package func check(_ result: Int32) throws(DeviceError) {
        guard result != 0 else { return }
        throw DeviceError(.failed, "FlashInfer: \(String(cString: functions.error()))")
    }
}
