import CKernels

/// Weights rounded to int8, a scale an output, in panels of 16 outputs: for the few rows of a decode step, which takes
/// as long as its weights take to read.
final class Int8Weights: PackedWeights {
    private let outputs: Int
    private let inputs: Int
    private let packed: Buffer
    /// A scale for every output of every panel, then as many corrections.
    private let scales: Buffer
    private let paddedOutputs: Int

    init(_ matrices: [StoredMatrix], inputs: Int, stream: Stream) throws(DeviceError) {
        outputs = matrices.rows
        self.inputs = inputs
        let panels = (outputs + Int(STAPES_PANEL) - 1) / Int(STAPES_PANEL)
        paddedOutputs = panels * Int(STAPES_PANEL)
        let rowBytes = (inputs + 3) / 4 * 4
        packed = try Buffer(byteCount: paddedOutputs * rowBytes)
        scales = try Buffer(of: Float.self, count: 2 * paddedOutputs)
        matrices.forEachPanel(of: Int(STAPES_PANEL)) { matrix, panel in
            let row = panel * Int(STAPES_PANEL)
            stream.launch(
                stream.kernels.packInt8,
                stapes_pack_int8_arguments(
                    weight: matrix.pointer, packed: bytes + row * rowBytes, scales: outputScales + row,
                    corrections: corrections + row, n: Int64(matrix.rows), k: Int64(inputs),
                    weight_type: matrix.type.kernelType))
        }
    }

    private var bytes: UnsafeMutablePointer<Int8> { packed.pointer.assumingMemoryBound(to: Int8.self) }
    private var outputScales: UnsafeMutablePointer<Float> { scales.pointer.assumingMemoryBound(to: Float.self) }
    private var corrections: UnsafeMutablePointer<Int32> {
        (scales.pointer + paddedOutputs * MemoryLayout<Float>.stride).assumingMemoryBound(to: Int32.self)
    }

    var byteCount: Int { packed.byteCount + scales.byteCount }

    func run(
        _ product: Linear.Product, norm: (gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>)?, on stream: Stream
    ) {
        let (input, output) = (product.input, product.output)
        stream.launch(
            stream.kernels.matmulInt8,
            stapes_matmul_int8_arguments(
                a: input.pointer, weight: bytes, scales: outputScales, corrections: corrections, bias: product.bias,
                c: output.pointer, m: Int64(input.rows), n: Int64(outputs), k: Int64(inputs),
                a_stride: Int64(input.rowStride), c_stride: Int64(output.rowStride), a_type: input.type.kernelType,
                c_type: output.type.kernelType, gelu: product.gelu, accumulate: product.accumulate))
    }
}
