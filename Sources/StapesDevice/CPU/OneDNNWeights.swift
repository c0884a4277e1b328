import COneDNN

/// Weights in oneDNN's layout, with the primitives that were made for them.
///
/// A primitive takes some 50 KiB, and a window may have any of 1500 lengths: those that graphs name are kept as long as
/// the weights, of the others only the last few.
final class OneDNNWeights: PackedWeights {
    /// What a primitive is made for. Strides are part of it: views into wider rows are common.
    private struct Shape: Hashable {
        let rows, inputStride, outputStride: Int
        let inputType, outputType: ScalarType
        let bias, gelu, accumulate: Bool
    }

    /// The rows of a full window, for which the layout is chosen.
    private static let typicalRows: Int64 = 1500

    private let weights: OpaquePointer
    /// Named by graphs.
    private var captured: [Shape: OpaquePointer] = [:]
    /// The others, the one used last at the end.
    private var recent: [(shape: Shape, primitive: OpaquePointer)] = []

    private static let recentCount = 8

    /// - Parameter weight: `[outputs, inputs]`.
    init(_ weight: [Float], outputs: Int, inputs: Int, type: ScalarType) throws(DeviceError) {
        guard
            let created = stapes_onednn_weights_create(
                weight, Int64(outputs), Int64(inputs), type.oneDNNType, Self.typicalRows)
        else { throw OneDNNWeights.lastError() }
        weights = created
    }

    deinit {
        for primitive in captured.values { stapes_onednn_matmul_destroy(primitive) }
        for entry in recent { stapes_onednn_matmul_destroy(entry.primitive) }
        stapes_onednn_weights_destroy(weights)
    }

    var byteCount: Int { Int(stapes_onednn_weights_bytes(weights)) }

    func run(
        _ product: Linear.Product, norm: (gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>)?, on stream: Stream
    ) throws(DeviceError) {
        let (input, output) = (product.input, product.output)
        let shape = Shape(
            rows: input.rows, inputStride: input.rowStride, outputStride: output.rowStride, inputType: input.type,
            outputType: output.type, bias: product.bias != nil, gelu: product.gelu, accumulate: product.accumulate)
        let primitive = try primitive(shape, on: stream)
        stream.launch(
            stapes_onednn_execute,
            stapes_onednn_arguments(matmul: primitive, a: input.pointer, bias: product.bias, c: output.pointer))
    }

    private func primitive(_ shape: Shape, on stream: Stream) throws(DeviceError) -> OpaquePointer {
        if let primitive = captured[shape] { return primitive }
        let known = recent.firstIndex { $0.shape == shape }.map { recent.remove(at: $0).primitive }
        let primitive = if let known { known } else { try makePrimitive(shape, threads: stream.threads) }
        if stream.isRecording {
            captured[shape] = primitive
        } else {
            recent.append((shape, primitive))
            if recent.count > Self.recentCount { stapes_onednn_matmul_destroy(recent.removeFirst().primitive) }
        }
        return primitive
    }

    /// Takes 0.2 to 0.7 ms.
    private func makePrimitive(_ shape: Shape, threads: Int) throws(DeviceError) -> OpaquePointer {
        var description = stapes_onednn_shape(
            m: Int64(shape.rows), a_stride: Int64(shape.inputStride), c_stride: Int64(shape.outputStride),
            a_type: shape.inputType.oneDNNType, c_type: shape.outputType.oneDNNType, bias: shape.bias,
            gelu: shape.gelu, accumulate: shape.accumulate)
        guard let primitive = stapes_onednn_matmul_create(weights, &description, Int32(threads)) else {
            throw OneDNNWeights.lastError()
        }
        return primitive
    }

    private static func lastError() -> DeviceError {
        DeviceError(.unsupportedShape, String(cString: stapes_onednn_error()))
    }
}

extension ScalarType {
    fileprivate var oneDNNType: stapes_onednn_type {
        self == .bfloat16 ? STAPES_ONEDNN_BFLOAT16 : STAPES_ONEDNN_FLOAT32
    }
}
