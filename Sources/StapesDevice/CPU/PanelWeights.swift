import CKernels

/// Weights in panels of 16 outputs, for our own matrix products.
final class PanelWeights: PackedWeights {
    private let outputs: Int
    private let inputs: Int
    private let type: ScalarType
    private let packed: Buffer

    init(_ matrices: [StoredMatrix], inputs: Int, type: ScalarType, stream: Stream) throws(DeviceError) {
        outputs = matrices.rows
        self.inputs = inputs
        self.type = type
        let panels = (outputs + Int(STAPES_PANEL) - 1) / Int(STAPES_PANEL)
        let panelBytes = inputs * Int(STAPES_PANEL) * type.byteCount
        packed = try Buffer(byteCount: panels * panelBytes)
        let target = packed.pointer
        matrices.forEachPanel(of: Int(STAPES_PANEL)) { matrix, panel in
            stream.launch(
                stream.kernels.pack,
                stapes_pack_arguments(
                    weight: matrix.pointer, packed: target + panel * panelBytes, n: Int64(matrix.rows),
                    k: Int64(inputs), weight_type: matrix.type.kernelType, packed_type: type.kernelType))
        }
    }

    var byteCount: Int { packed.byteCount }

    func run(
        _ product: Linear.Product, norm: (gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>)?, on stream: Stream
    ) {
        let (input, output) = (product.input, product.output)
        stream.launch(
            stream.kernels.matmul,
            stapes_matmul_arguments(
                a: input.pointer, weight: packed.pointer, bias: product.bias, c: output.pointer, m: Int64(input.rows),
                n: Int64(outputs), k: Int64(inputs), a_stride: Int64(input.rowStride),
                c_stride: Int64(output.rowStride), a_type: input.type.kernelType, weight_type: type.kernelType,
                c_type: output.type.kernelType, gelu: product.gelu, accumulate: product.accumulate))
    }
}
