import CKernels

/// Weights rounded to twelve bits, a scale an output, in panels of 32 outputs: for the many rows of a window, where the
/// processor multiplies integers faster than floats.
final class Int16Weights: PackedWeights {
    private let kernels: stapes_int16_kernels
    private let outputs: Int
    private let inputs: Int
    private let packed: Buffer
    /// One for every output of every panel.
    private let scales: Buffer

    static var isAvailable: Bool { stapes_int16_kernels_here() != nil }

    /// - Throws: `unsupportedShape` where the processor has no such instruction.
    init(_ matrices: [StoredMatrix], inputs: Int, stream: Stream) throws(DeviceError) {
        guard let kernels = stapes_int16_kernels_here()?.pointee else {
            throw DeviceError(.unsupportedShape, "this processor does not multiply 16-bit integers (avx512_vnni)")
        }
        self.kernels = kernels
        outputs = matrices.rows
        self.inputs = inputs
        let lanes = Int(STAPES_INT16_PANEL)
        let paddedOutputs = (outputs + lanes - 1) / lanes * lanes
        let rowCount = (inputs + 1) / 2 * 2
        packed = try Buffer(of: Int16.self, count: paddedOutputs * rowCount)
        scales = try Buffer(of: Float.self, count: paddedOutputs)
        matrices.forEachPanel(of: lanes) { matrix, panel in
            stream.launch(
                kernels.pack,
                stapes_pack_int16_arguments(
                    weight: matrix.pointer, packed: integers + panel * lanes * rowCount,
                    scales: outputScales + panel * lanes, n: Int64(matrix.rows), k: Int64(inputs),
                    weight_type: matrix.type.kernelType))
        }
    }

    private var integers: UnsafeMutablePointer<Int16> { packed.pointer.assumingMemoryBound(to: Int16.self) }
    private var outputScales: UnsafeMutablePointer<Float> { scales.pointer.assumingMemoryBound(to: Float.self) }

    var byteCount: Int { packed.byteCount + scales.byteCount }

    func run(
        _ product: Linear.Product, norm: (gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>)?, on stream: Stream
    ) {
        let (input, output) = (product.input, product.output)
        stream.launch(
            kernels.matmul,
            stapes_matmul_int16_arguments(
                a: input.float32, weight: integers, scales: outputScales, bias: product.bias, c: output.float32,
                m: Int64(input.rows), n: Int64(outputs), k: Int64(inputs), a_stride: Int64(input.rowStride),
                c_stride: Int64(output.rowStride), gelu: product.gelu, accumulate: product.accumulate))
    }
}
