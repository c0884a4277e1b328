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

    private enum Packed {
        case panels(PanelWeights)
        case int8(Int8Weights)
        case oneDNN(OneDNNWeights)
    }

    /// - Parameters:
    ///   - weight: `[outputs, inputs]`, read before this returns.
    ///   - bias: `[outputs]`.
    ///   - type: what the weights are held and multiplied in.
    ///   - int8: hold the weights in int8 instead, and round each row of the input to 16 bits.
    package init(
        outputs: Int, inputs: Int, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>?, type: ScalarType,
        int8: Bool = false, usage: Usage, device: CPUDevice
    ) throws(DeviceError) {
        self.outputs = outputs
        self.inputs = inputs
        hasBias = bias != nil
        self.bias = try Buffer(of: Float.self, count: outputs)
        if let bias { self.bias.pointer.copyMemory(from: bias, byteCount: outputs * MemoryLayout<Float>.stride) }
        // Copying overlapping rows apart pays where the product gains a factor of two by it.
        let ofOneDNN = usage == .manyRows || usage == .overlappingRows && type == .bfloat16
        if int8 {
            weights = .int8(try Int8Weights(weight, outputs: outputs, inputs: inputs, stream: device.stream))
        } else if ofOneDNN, device.usesOneDNN(for: type) {
            weights = .oneDNN(try OneDNNWeights(weight, outputs: outputs, inputs: inputs, type: type))
        } else {
            weights = .panels(
                try PanelWeights(weight, outputs: outputs, inputs: inputs, type: type, stream: device.stream))
        }
    }

    package var byteCount: Int {
        switch weights {
        case .panels(let packed): packed.byteCount
        case .int8(let packed): packed.byteCount
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
        case .panels(let weights):
            weights.run(input, bias: bias, into: output, gelu: gelu, accumulate: accumulate, on: stream)
        }
    }
}
