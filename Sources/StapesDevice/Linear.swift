import CKernels
import COneDNN

/// A linear layer, `[outputs, inputs]` with an optional bias, packed once for the products it will serve.
///
/// The few rows of a decode step and the many of an encoder window want different layouts. With AVX2 (docs/Lab.md) our
/// panels are faster from 4 to 16 rows, oneDNN by 1.2 to 1.3 at 1500.
package final class Linear {
    /// What the layer is used for, which decides its layout.
    package enum Usage: Sendable {
        /// Windows in the encoder: hundreds of rows.
        case manyRows
        /// Steps of the decoder: one row a sequence.
        case fewRows
        /// A convolution as a product of many rows: each row of the input begins inside the row before, which oneDNN
        /// refuses unless they are copied apart.
        case overlappingRows
    }

    package let outputs: Int
    package let inputs: Int
    private let weights: Packed
    private let bias: Buffer

    private let hasBias: Bool

    /// What weights can be rounded to, with a scale an output.
    package enum Integers: Sendable, Hashable {
        /// For few rows, each of which is rounded to 16 bits.
        case int8
        /// Twelve bits in two bytes, for many rows, each of which is rounded to twelve bits as well.
        case int16
    }

    private enum Packed {
        case panels(PanelWeights)
        case int8(Int8Weights)
        case int16(Int16Weights)
        case oneDNN(OneDNNWeights)
    }

    /// - Parameters:
    ///   - matrices: `[n, inputs]` each, stacked, read before this returns. All but the last have a multiple of 32 rows.
    ///   - bias: `[outputs]`.
    ///   - type: what the weights are held in, and multiplied in if it is bfloat16 by oneDNN. For float32, weights that a
    ///     type of two bytes holds exactly may be held so: their products have the same bits.
    ///   - integers: what the weights are rounded to instead, if they are.
    package init(
        _ matrices: [StoredMatrix], inputs: Int, bias: UnsafePointer<Float>?, type: ScalarType,
        integers: Integers? = nil, usage: Usage, device: CPUDevice
    ) throws(DeviceError) {
        outputs = matrices.rows
        self.inputs = inputs
        hasBias = bias != nil
        self.bias = try Buffer(of: Float.self, count: outputs)
        if let bias { self.bias.pointer.copyMemory(from: bias, byteCount: outputs * MemoryLayout<Float>.stride) }
        // Copying overlapping rows apart pays where the product gains a factor of two by it.
        let ofOneDNN = usage == .manyRows || usage == .overlappingRows && type == .bfloat16
        if let integers {
            switch integers {
            case .int8: weights = .int8(try Int8Weights(matrices, inputs: inputs, stream: device.stream))
            case .int16: weights = .int16(try Int16Weights(matrices, inputs: inputs, stream: device.stream))
            }
        } else if ofOneDNN, device.usesOneDNN(for: type) {
            weights = .oneDNN(
                try OneDNNWeights(
                    device.stream.widened(matrices, columns: inputs), outputs: outputs, inputs: inputs, type: type))
        } else {
            let held = Self.panelType(of: matrices, inputs: inputs, type: type, kernels: device.stream.kernels)
            weights = .panels(try PanelWeights(matrices, inputs: inputs, type: held, stream: device.stream))
        }
    }

    /// Weights of one matrix `[outputs, inputs]` in float32.
    package convenience init(
        outputs: Int, inputs: Int, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>?, type: ScalarType,
        integers: Integers? = nil, usage: Usage, device: CPUDevice
    ) throws(DeviceError) {
        try self.init(
            [StoredMatrix(weight, type: .float32, rows: outputs)], inputs: inputs, bias: bias, type: type,
            integers: integers, usage: usage, device: device)
    }

    /// What panels of `type` hold their weights in. A step takes as long as its weights take to read, so that half the
    /// bytes are half the time where widening them costs nothing.
    private static func panelType(
        of matrices: [StoredMatrix], inputs: Int, type: ScalarType, kernels: KernelTable
    ) -> ScalarType {
        switch type {
        case .bfloat16: return .bfloat16
        case .float16: return kernels.widensFloat16 ? .float16 : .float32
        case .float32:
            if matrices.allSatisfy({ $0.type == .bfloat16 }) { return .bfloat16 }
            guard kernels.widensFloat16 else { return .float32 }
            let exact = matrices.allSatisfy { $0.type == .float16 || $0.fitsFloat16(columns: inputs) }
            return exact ? .float16 : .float32
        }
    }

    package var byteCount: Int {
        switch weights {
        case .panels(let packed): packed.byteCount
        case .int8(let packed): packed.byteCount
        case .int16(let packed): packed.byteCount
        case .oneDNN(let packed): packed.byteCount
        }
    }

    /// `output` [T, outputs] = `input` [T, inputs] times the weights plus the bias, then GELU, then added to what
    /// `output` held.
    package func run(
        _ input: MatrixView, into output: MatrixView, gelu: Bool = false, accumulate: Bool = false, on stream: Stream
    ) throws(DeviceError) {
        precondition(output.columns == outputs && input.rows == output.rows, "shapes do not meet")
        precondition(input.columns == inputs, "shapes do not meet")
        guard input.rows > 0 else { return }
        if let trace = stream.trace, trace.timed { trace.label = "\(input.rows) x \(outputs) x \(inputs)" }
        let bias = hasBias ? UnsafePointer(bias.pointer.assumingMemoryBound(to: Float.self)) : nil
        switch weights {
        case .oneDNN(let weights):
            try weights.run(input, bias: bias, into: output, gelu: gelu, accumulate: accumulate, on: stream)
        case .int8(let weights):
            weights.run(input, bias: bias, into: output, gelu: gelu, accumulate: accumulate, on: stream)
        case .int16(let weights):
            weights.run(input, bias: bias, into: output, gelu: gelu, accumulate: accumulate, on: stream)
        case .panels(let weights):
            weights.run(input, bias: bias, into: output, gelu: gelu, accumulate: accumulate, on: stream)
        }
    }
}
