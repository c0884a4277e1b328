import CKernels

/// A linear layer, `[outputs, inputs]` with an optional bias, packed once for the products it will serve.
///
/// On the CPU the few rows of a decode step and the many of an encoder window want different layouts. With AVX2
/// (docs/Lab.md) our panels are faster from 4 to 16 rows, oneDNN by 1.2 to 1.3 at 1500.
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

    /// What weights can be rounded to, with a scale an output.
    package enum Integers: Sendable, Hashable {
        /// For few rows, each of which is rounded to 16 bits.
        case int8
        /// Twelve bits in two bytes, for many rows, each of which is rounded to twelve bits as well.
        case int16
    }

    /// What a device is given to pack.
    package struct Weights {
        /// `[n, inputs]` each, stacked. All but the last have a multiple of 32 rows.
        let matrices: [StoredMatrix]
        let inputs: Int
        let type: ScalarType
        let integers: Integers?
        let usage: Usage
        /// `[outputs]`, on the device: what products will be given.
        let bias: UnsafePointer<Float>?

        var outputs: Int { matrices.rows }
    }

    /// Several products of one shape. The first input and output are given; the others lie so many elements apart.
    package struct Batch {
        let count: Int
        let inputStride: Int
        let outputStride: Int

        package init(count: Int, inputStride: Int, outputStride: Int) {
            self.count = count
            self.inputStride = inputStride
            self.outputStride = outputStride
        }

        package static let one = Batch(count: 1, inputStride: 0, outputStride: 0)
    }

    /// One product: `output` [T, N] = f(`input` [T, K] times the weights plus `bias`); or a batch of them, where the
    /// weights run such.
    package struct Product {
        let input: MatrixView
        let bias: UnsafePointer<Float>?
        let output: MatrixView
        let gelu: Bool
        let accumulate: Bool
        var batch = Batch.one
    }

    package let outputs: Int
    package let inputs: Int
    private let weights: any PackedWeights
    private let bias: Buffer
    private let hasBias: Bool

    /// - Parameters:
    ///   - matrices: `[n, inputs]` each, stacked, read before this returns. All but the last have a multiple of 32 rows.
    ///   - bias: `[outputs]`, on the host.
    ///   - type: what the weights are held in, and multiplied in if it is bfloat16 by oneDNN. For float32, weights that a
    ///     type of two bytes holds exactly may be held so: their products have the same bits.
    ///   - integers: what the weights are rounded to instead, if they are.
    package init(
        _ matrices: [StoredMatrix], inputs: Int, bias: UnsafePointer<Float>?, type: ScalarType,
        integers: Integers? = nil, usage: Usage, device: some ComputeDevice
    ) throws(DeviceError) {
        outputs = matrices.rows
        self.inputs = inputs
        hasBias = bias != nil
        self.bias = try Buffer(of: Float.self, count: outputs, on: device.stream)
        if let bias { device.stream.write(bias, count: outputs, to: self.bias.start()) }
        weights = try device.pack(
            Weights(
                matrices: matrices, inputs: inputs, type: type, integers: integers, usage: usage,
                bias: bias != nil ? UnsafePointer(self.bias.start()) : nil))
    }

    /// Weights of one matrix `[outputs, inputs]` in float32.
    package convenience init(
        outputs: Int, inputs: Int, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>?, type: ScalarType,
        integers: Integers? = nil, usage: Usage, device: some ComputeDevice
    ) throws(DeviceError) {
        try self.init(
            [StoredMatrix(weight, type: .float32, rows: outputs)], inputs: inputs, bias: bias, type: type,
            integers: integers, usage: usage, device: device)
    }

    package var byteCount: Int { weights.byteCount }

    /// The weights' rows as they are, for look-ups, where the device keeps them so.
    package var rows: (pointer: UnsafeRawPointer, type: ScalarType)? { weights.rows }

    /// `output` [T, outputs] = `input` [T, inputs] times the weights plus the bias, then GELU, then added to what
    /// `output` held.
    package func run(
        _ input: MatrixView, into output: MatrixView, gelu: Bool = false, accumulate: Bool = false, on stream: Stream
    ) throws(DeviceError) {
        try run(product(input, into: output, gelu: gelu, accumulate: accumulate), norm: nil, on: stream)
    }

    /// The same of each input of a batch, without adding: one launch where the device has it.
    package func run(
        _ input: MatrixView, into output: MatrixView, batch: Batch, gelu: Bool = false, on stream: Stream
    ) throws(DeviceError) {
        var product = product(input, into: output, gelu: gelu, accumulate: false)
        if weights.runsBatches {
            product.batch = batch
            return try run(product, norm: nil, on: stream)
        }
        for index in 0..<batch.count {
            try run(
                self.product(
                    input.moved(by: index * batch.inputStride), into: output.moved(by: index * batch.outputStride),
                    gelu: gelu, accumulate: false), norm: nil, on: stream)
        }
    }

    /// The same of `input` (float32) after a layer norm, which is one launch where the device can do it in the product.
    ///
    /// - Parameter normal: where the normalised rows go if it cannot, `[T, inputs]`.
    package func run(
        _ input: MatrixView, normalizedBy norm: borrowing LayerNorm, through normal: MatrixView,
        into output: MatrixView, gelu: Bool = false, on stream: Stream
    ) throws(DeviceError) {
        precondition(norm.width == inputs, "shapes do not meet")
        if weights.normalizes(rows: input.rows) {
            try run(
                product(input, into: output, gelu: gelu, accumulate: false), norm: (norm.gamma, norm.beta), on: stream)
        } else {
            stream.layerNorm(input, norm, into: normal)
            try run(product(normal, into: output, gelu: gelu, accumulate: false), norm: nil, on: stream)
        }
    }

    private func product(_ input: MatrixView, into output: MatrixView, gelu: Bool, accumulate: Bool) -> Product {
        precondition(output.columns == outputs && input.rows == output.rows, "shapes do not meet")
        precondition(input.columns == inputs, "shapes do not meet")
        return Product(
            input: input, bias: hasBias ? UnsafePointer(bias.start()) : nil, output: output, gelu: gelu,
            accumulate: accumulate)
    }

    private func run(
        _ product: Product, norm: (gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>)?, on stream: Stream
    ) throws(DeviceError) {
        guard product.input.rows > 0 else { return }
        if let trace = stream.trace, trace.timed { trace.label = "\(product.input.rows) x \(outputs) x \(inputs)" }
        try weights.run(product, norm: norm, on: stream)
    }
}
