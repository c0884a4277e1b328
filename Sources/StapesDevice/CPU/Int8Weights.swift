import CKernels

/// Weights rounded to int8, a scale an output, in panels of 16 outputs: for the few rows of a decode step, which takes
/// as long as its weights take to read.
final class Int8Weights {
    private let outputs: Int
    private let inputs: Int
    private let packed: Buffer
    /// A scale for every output of every panel, then as many corrections.
    private let scales: Buffer
    private let paddedOutputs: Int

    init(_ weight: UnsafePointer<Float>, outputs: Int, inputs: Int, stream: Stream) throws(DeviceError) {
        self.outputs = outputs
        self.inputs = inputs
        let panels = (outputs + Int(STAPES_PANEL) - 1) / Int(STAPES_PANEL)
        paddedOutputs = panels * Int(STAPES_PANEL)
        packed = try Buffer(byteCount: paddedOutputs * ((inputs + 3) / 4 * 4))
        scales = try Buffer(of: Float.self, count: 2 * paddedOutputs)
        stream.launch(
            stream.kernels.packInt8,
            stapes_pack_int8_arguments(
                weight: weight, packed: bytes, scales: outputScales, corrections: corrections, n: Int64(outputs),
                k: Int64(inputs)))
    }

    private var bytes: UnsafeMutablePointer<Int8> { packed.pointer.assumingMemoryBound(to: Int8.self) }
    private var outputScales: UnsafeMutablePointer<Float> { scales.pointer.assumingMemoryBound(to: Float.self) }
    private var corrections: UnsafeMutablePointer<Int32> {
        (scales.pointer + paddedOutputs * MemoryLayout<Float>.stride).assumingMemoryBound(to: Int32.self)
    }

    var byteCount: Int { packed.byteCount + scales.byteCount }

    func run(
        _ input: MatrixView, bias: UnsafePointer<Float>?, into output: MatrixView, gelu: Bool, accumulate: Bool,
        on stream: Stream
    ) {
        stream.launch(
            stream.kernels.matmulInt8,
            stapes_matmul_int8_arguments(
                a: input.pointer, weight: bytes, scales: outputScales, corrections: corrections, bias: bias,
                c: output.pointer, m: Int64(input.rows), n: Int64(outputs), k: Int64(inputs),
                a_stride: Int64(input.rowStride), c_stride: Int64(output.rowStride), a_type: input.type.kernelType,
                c_type: output.type.kernelType, gelu: gelu, accumulate: accumulate))
    }
}
