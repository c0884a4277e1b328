import CKernels
import StapesDevice
import StapesTesting

/// One matrix product: its shape, its types, and the memory it works on.
struct Product {
    var rows: Int
    var outputs: Int
    var inputs: Int
    /// Elements from one row of the input to the next; less than `inputs` where rows overlap.
    var inputStride: Int
    var outputStride: Int
    var inputType = ScalarType.float32
    var weightType = ScalarType.float32
    var outputType = ScalarType.float32
    var bias = false
    var gelu = false
    var accumulate = false

    init(rows: Int, outputs: Int, inputs: Int, inputStride: Int? = nil, outputStride: Int? = nil) {
        self.rows = rows
        self.outputs = outputs
        self.inputs = inputs
        self.inputStride = inputStride ?? inputs
        self.outputStride = outputStride ?? outputs
    }
}

/// What a product reads. Inputs are below one and sums near one, whatever the number of inputs.
struct ProductData {
    let input: Cells
    let weight: Cells
    let packed: Cells
    let bias: Cells
    /// What the output holds before.
    let output: Cells

    init(_ p: Product, using generator: inout SeededGenerator) throws {
        input = Cells(
            random: (p.rows - 1) * p.inputStride + p.inputs, type: p.inputType, using: &generator)
        if p.inputStride > p.inputs {
            for row in 0..<p.rows - 1 {
                input.fill(row * p.inputStride + p.inputs..<(row + 1) * p.inputStride, .nan)
            }
        }
        weight = Cells(
            random: p.outputs * p.inputs, scale: 2 / Float(p.inputs).squareRoot(), using: &generator)
        bias = Cells(random: p.outputs, using: &generator)
        output = Cells(random: p.rows * p.outputStride, type: p.outputType, using: &generator)
        packed = Cells((p.outputs + 15) / 16 * 16 * p.inputs, type: p.weightType)
        let stream = try referenceStream()
        stream.launch(
            stream.kernels.pack,
            stapes_pack_arguments(
                weight: weight.floats, packed: packed.pointer, n: Int64(p.outputs), k: Int64(p.inputs),
                weight_type: STAPES_FLOAT32, packed_type: p.weightType.kernelType))
    }

    /// The output of `count` rows from `first` on.
    func run(_ p: Product, first: Int = 0, count: Int? = nil, on stream: StapesDevice.Stream) -> Cells {
        let rows = count ?? p.rows
        let c = Cells(rows * p.outputStride, type: p.outputType)
        let from = output.pointer + first * p.outputStride * p.outputType.byteCount
        c.pointer.copyMemory(from: from, byteCount: c.count * p.outputType.byteCount)
        stream.launch(
            stream.kernels.matmul,
            stapes_matmul_arguments(
                a: input.pointer + first * p.inputStride * p.inputType.byteCount, weight: packed.pointer,
                bias: p.bias ? UnsafePointer(bias.floats) : nil, c: c.pointer, m: Int64(rows), n: Int64(p.outputs),
                k: Int64(p.inputs), a_stride: Int64(p.inputStride), c_stride: Int64(p.outputStride),
                a_type: p.inputType.kernelType, weight_type: p.weightType.kernelType,
                c_type: p.outputType.kernelType, gelu: p.gelu, accumulate: p.accumulate))
        return c
    }
}
