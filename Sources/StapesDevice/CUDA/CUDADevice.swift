import CKernels
import CUDADriver

/// A GPU as a device: its kernels for one 16-bit type, a stream for steps and one for windows.
package final class CUDADevice: ComputeDevice {
    package let context: CUDAContext
    package let stream: Stream
    package let encodeStream: Stream
    /// The library that computes products of many rows, as `cuBLASLt 13.1.0 (/usr/local/cuda/lib64/libcublasLt.so.13)`;
    /// nil where our own kernel does, for the reason in `matrixLibraryAbsence`.
    package let matrixLibrary: String?
    /// Why there is no library for products of many rows, or empty.
    package let matrixLibraryAbsence: String
    let type: ScalarType
    private let products: CUDAProducts?
    /// Converts weights on their way to the GPU.
    private let host: Stream

    /// - Parameters:
    ///   - type: of weights, activations and caches: float16 or bfloat16.
    ///   - threads: of the host, while weights are loaded.
    ///   - launchesProgrammatically: whether kernels of steps may begin while the kernel before ends.
    /// - Throws: `outOfMemory`, `unavailable`, `failed`.
    package init(
        _ context: CUDAContext, type: ScalarType, threads: Int, launchesProgrammatically: Bool = false
    ) throws(DeviceError) {
        precondition(type != .float32, "the GPU's kernels are for 16-bit types")
        self.context = context
        self.type = type
        let kernels = KernelTable(try CUDAKernels(context, type: type))
        // A step is short and somebody waits for its tokens: it goes before windows.
        stream = Stream(
            kernels: kernels,
            queue: try CUDAQueue(context, priority: -1, launchesProgrammatically: launchesProgrammatically))
        encodeStream = Stream(kernels: kernels, queue: try CUDAQueue(context))
        do throws(DeviceError) {
            let products = try CUDAProducts(context)
            (self.products, matrixLibrary, matrixLibraryAbsence) = (products, products.description, "")
        } catch {
            (products, matrixLibrary, matrixLibraryAbsence) = (nil, nil, error.message)
        }
        guard let table = KernelTable(CPULevel.best) else { preconditionFailure("every processor has a best level") }
        host = try Stream(kernels: table, threads: threads)
    }

    package var generatesWeights: Bool { true }

    package func pack(_ weights: Linear.Weights) throws(DeviceError) -> any PackedWeights {
        precondition(weights.type == type && weights.integers == nil, "weights of the device's type")
        return try CUDAWeights(weights, products: products, host: host, stream: stream)
    }
}
