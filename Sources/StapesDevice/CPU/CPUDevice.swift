import CKernels
import COneDNN

/// The processor as a device: its kernels, its threads, and which library multiplies.
package final class CPUDevice: ComputeDevice {
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

    /// One team does everything in turn.
    package var encodeStream: Stream { stream }

    /// Whether products and the encoder's attention can be multiplied in 16-bit integers.
    package static var hasInt16Products: Bool { Int16Weights.isAvailable }

    package static var hasOneDNN: Bool { stapes_onednn_available() }

    /// oneDNN multiplies bfloat16 only where the processor does; elsewhere our kernels widen it on the way.
    private func usesOneDNN(for type: ScalarType) -> Bool {
        switch type {
        case .float32: oneDNN
        case .bfloat16: oneDNN && CPULevel.hasBFloat16
        case .float16, .float8: false
        }
    }

    package func pack(_ weights: Linear.Weights) throws(DeviceError) -> any PackedWeights {
        let (matrices, inputs, type) = (weights.matrices, weights.inputs, weights.type)
        switch weights.integers {
        case .int8: return try Int8Weights(matrices, inputs: inputs, stream: stream)
        case .int16: return try Int16Weights(matrices, inputs: inputs, stream: stream)
        case nil: break
        }
        // Copying overlapping rows apart pays where the product gains a factor of two by it.
        let ofOneDNN = weights.usage == .manyRows || weights.usage == .overlappingRows && type == .bfloat16
        if ofOneDNN, usesOneDNN(for: type) {
            return try OneDNNWeights(
                stream.widened(matrices, columns: inputs), outputs: weights.outputs, inputs: inputs, type: type)
        }
        return try PanelWeights(
            matrices, inputs: inputs, type: panelType(of: matrices, inputs: inputs, type: type), stream: stream)
    }

    /// What panels of `type` hold their weights in. A step takes as long as its weights take to read, so that half the
    /// bytes are half the time where widening them costs nothing.
    private func panelType(of matrices: [StoredMatrix], inputs: Int, type: ScalarType) -> ScalarType {
        switch type {
        case .bfloat16: return .bfloat16
        case .float16: return stream.kernels.widensFloat16 ? .float16 : .float32
        case .float8: preconditionFailure("weights of eight bits are integers")
        case .float32:
            if matrices.allSatisfy({ $0.type == .bfloat16 }) { return .bfloat16 }
            guard stream.kernels.widensFloat16 else { return .float32 }
            let exact = matrices.allSatisfy { $0.type == .float16 || $0.fitsFloat16(columns: inputs) }
            return exact ? .float16 : .float32
        }
    }
}
