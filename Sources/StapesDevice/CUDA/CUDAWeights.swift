import CKernels
import CUDADriver

/// Weights as a checkpoint has them, row by row, in one of the GPU's 16-bit types.
final class CUDAWeights: PackedWeights {
    private let outputs: Int
    private let inputs: Int
    private let type: ScalarType
    private let usage: Linear.Usage
    private let memory: Buffer
    /// The library for products of many rows, where there is one and these weights are for such.
    private let products: CUDAProducts?
    /// The bias in the weights' type, which the library adds to an output of that type.
    private let narrowBias: Buffer

    /// - Parameters:
    ///   - products: of many rows, if a library was found for them.
    ///   - host: converts what is of another type.
    init(_ weights: Linear.Weights, products: CUDAProducts?, host: Stream, stream: Stream) throws(DeviceError) {
        guard weights.inputs % 8 == 0 else {
            throw DeviceError(.unsupportedShape, "a layer of \(weights.inputs) inputs; the GPU's kernels take eights")
        }
        outputs = weights.outputs
        inputs = weights.inputs
        type = weights.type
        usage = weights.usage
        memory = try Buffer(byteCount: outputs * inputs * type.byteCount, on: stream)
        var row = 0
        for matrix in weights.matrices {
            let target = memory.pointer + row * inputs * type.byteCount
            if let values = matrix.generated {
                Self.generate(values, count: matrix.rows * inputs, as: type, at: target, on: stream)
            } else {
                try Self.upload(matrix, columns: inputs, as: type, to: target, host: host, stream: stream)
            }
            row += matrix.rows
        }
        self.products = usage == .manyRows ? products : nil
        let bias = self.products == nil ? nil : weights.bias
        narrowBias = try Buffer(byteCount: bias == nil ? 0 : outputs * type.byteCount, on: stream)
        if let bias { stream.convert(bias, count: outputs, into: narrowBias.pointer, type: type) }
    }

    private static func generate(
        _ values: GeneratedValues, count: Int, as type: ScalarType, at target: UnsafeMutableRawPointer,
        on stream: Stream
    ) {
        guard let kernels = stream.kernels.cuda else { preconditionFailure("the GPU's weights on the GPU's stream") }
        stream.launch(
            kernels.random,
            stapes_cuda_random_arguments(
                y: target, count: Int64(count), center: values.center, scale: values.scale, first: values.first,
                salt: values.salt, type: type.kernelType))
    }

    /// Rows that are converted at a time: what is held twice on the host stays small.
    private static let slabBytes = 8 << 20

    private static func upload(
        _ matrix: StoredMatrix, columns: Int, as type: ScalarType, to target: UnsafeMutableRawPointer, host: Stream,
        stream: Stream
    ) throws(DeviceError) {
        let count = matrix.rows * columns
        let bytes = target.assumingMemoryBound(to: UInt8.self)
        if matrix.type == type {
            stream.write(
                matrix.pointer.assumingMemoryBound(to: UInt8.self), count: count * type.byteCount, to: bytes)
            return
        }
        // One of the two types of a conversion is float32: from one 16-bit type to the other it takes two.
        let slab = slabBytes / MemoryLayout<Float>.stride
        let wide = try Buffer(of: Float.self, count: min(slab, count))
        let narrow = try Buffer(byteCount: min(slab, count) * type.byteCount)
        var done = 0
        while done < count {
            let part = min(slab, count - done)
            var source = matrix.pointer + done * matrix.type.byteCount
            if matrix.type != .float32 {
                host.launch(
                    host.kernels.convert,
                    stapes_convert_arguments(
                        x: source, y: wide.pointer, count: Int64(part), x_type: matrix.type.kernelType,
                        y_type: STAPES_FLOAT32))
                source = UnsafeRawPointer(wide.pointer)
            }
            host.launch(
                host.kernels.convert,
                stapes_convert_arguments(
                    x: source, y: narrow.pointer, count: Int64(part), x_type: STAPES_FLOAT32,
                    y_type: type.kernelType))
            stream.write(
                UnsafePointer(narrow.start(of: UInt8.self)), count: part * type.byteCount,
                to: bytes + done * type.byteCount)
            done += part
        }
    }

    var byteCount: Int { memory.byteCount }

    var rows: (pointer: UnsafeRawPointer, type: ScalarType)? { (UnsafeRawPointer(memory.pointer), type) }

    /// Whatever the rows: a launch less. Of many rows one of its own may yet be quicker, with the same bits (docs/Lab.md).
    func normalizes(rows: Int) -> Bool { usage == .fewRows }

    /// Ours of many rows does, which the library never takes.
    var runsBatches: Bool { usage == .overlappingRows }

    func run(
        _ product: Linear.Product, norm: (gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>)?, on stream: Stream
    ) throws(DeviceError) {
        guard let kernels = stream.kernels.cuda else { preconditionFailure("the GPU's weights on the GPU's stream") }
        if try runInLibrary(product, kernels: kernels, on: stream) { return }
        let (input, output) = (product.input, product.output)
        let arguments = stapes_cuda_product_arguments(
            a: input.pointer, weight: memory.pointer, bias: product.bias, gamma: norm?.gamma, beta: norm?.beta,
            c: output.pointer, m: Int64(input.rows), n: Int64(outputs), k: Int64(inputs),
            a_stride: Int64(input.rowStride), c_stride: Int64(output.rowStride), a_type: input.type.kernelType,
            c_type: output.type.kernelType, epsilon: LayerNorm.epsilon, gelu: product.gelu,
            accumulate: product.accumulate, batch: Int64(product.batch.count),
            a_batch_stride: Int64(product.batch.inputStride), c_batch_stride: Int64(product.batch.outputStride))
        switch usage {
        case .fewRows:
            // Whatever the rows of a step, one kernel, so that a row's bits do not depend on the others.
            let tiles = Int(stapes_cuda_product_few_tiles(arguments.m, arguments.n))
            guard let kernel = kernels.productFew[tiles] else { preconditionFailure("a kernel for every tile count") }
            stream.launch(kernel, arguments)
        case .manyRows, .overlappingRows:
            stream.launch(kernels.productMany, arguments)
        }
    }

    /// - Returns: false, and nothing done, if no library has the product.
    private func runInLibrary(
        _ product: Linear.Product, kernels: CUDAKernels, on stream: Stream
    ) throws(DeviceError) -> Bool {
        let output = product.output
        let isNarrow = output.type == type
        // GELU comes in a pass of its own, over what is of 16 bits and holds the product alone.
        guard let products, !product.gelu || isNarrow && !product.accumulate else { return false }
        let bias = product.bias.map(UnsafeRawPointer.init)
        let ofOutput = bias != nil && isNarrow ? UnsafeRawPointer(narrowBias.pointer) : bias
        guard try products.run(product, weights: memory.pointer, type: type, bias: ofOutput, on: stream) else {
            return false
        }
        if product.gelu {
            stream.launch(
                kernels.gelu,
                stapes_cuda_gelu_arguments(
                    x: output.pointer, rows: Int64(output.rows), width: Int64(output.columns),
                    stride: Int64(output.rowStride), type: type.kernelType))
        }
        return true
    }
}
