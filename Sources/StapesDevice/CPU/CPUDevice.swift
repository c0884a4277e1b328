import CKernels
import COneDNN

/// The processor as a device: its kernels, its threads, and which library multiplies.
package final class CPUDevice {
    package let stream: Stream
    private let oneDNN: Bool

    /// - Parameters:
    ///   - kernels: the operations' implementation.
    ///   - threads: how many threads an operation runs on.
    ///   - oneDNN: whether products of many rows may go to oneDNN, if this build has it.
    /// - Throws: `outOfMemory`.
    package init(kernels: KernelTable, threads: Int, oneDNN: Bool = true) throws(DeviceError) {
        stream = try Stream(kernels: kernels, threads: threads)
        self.oneDNN = oneDNN && stapes_onednn_available()
    }

    /// Whether products and the encoder's attention can be multiplied in 16-bit integers.
    package static var hasInt16Products: Bool { Int16Weights.isAvailable }

    package static var hasOneDNN: Bool { stapes_onednn_available() }

    /// oneDNN multiplies bfloat16 only where the processor does; elsewhere our kernels widen it on the way.
    func usesOneDNN(for type: ScalarType) -> Bool {
        switch type {
        case .float32: oneDNN
        case .bfloat16: oneDNN && CPULevel.hasBFloat16
        case .float16: false
        }
    }
}
