import StapesDevice

/// Takes weights out of a checkpoint and packs them for the device. Every value passes through float32 once.
struct WeightReader {
    let checkpoint: Checkpoint
    let device: CPUDevice
    /// What products are computed in.
    let type: ScalarType
    /// Whether weights for products of few rows are held in int8.
    var int8FewRows = false

    /// A linear layer `[out, in]` with its bias, if it has one.
    func linear(_ name: String, usage: Linear.Usage) throws -> Linear {
        try linear(stacking: [name], usage: usage)
    }

    /// Several linear layers of the same input as one, their outputs one after the other. A layer without a bias
    /// gets zeros.
    func linear(stacking names: [String], usage: Linear.Usage) throws -> Linear {
        let weights = try names.map { (name) throws(ModelError) in try checkpoint.tensor(name + ".weight") }
        let biases = names.map { checkpoint.tensorIfPresent($0 + ".bias") }
        let inputs = weights[0].shape[1]
        let outputs = weights.map { $0.shape[0] }
        defer { for weight in weights { weight.dropPages() } }
        if weights.count == 1, weights[0].isPlainFloat32 {
            let bias = biases[0]?.float32Values() ?? [Float](repeating: 0, count: outputs[0])
            return try weights[0].withUnsafeBytes { bytes in
                try pack(bytes.assumingMemoryBound(to: Float.self), bias: bias, inputs: inputs, usage: usage)
            }
        }
        let weight = [Float](unsafeUninitializedCapacity: outputs.reduce(0, +) * inputs) { values, count in
            for tensor in weights {
                tensor.copyFloat32(to: values.baseAddress! + count)
                count += tensor.count
            }
        }
        var bias: [Float] = []
        for (tensor, count) in zip(biases, outputs) {
            bias += tensor?.float32Values() ?? [Float](repeating: 0, count: count)
        }
        return try pack(weight, bias: bias, inputs: inputs, usage: usage)
    }

    /// A convolution `[out, in, 3]` as a linear layer over three neighbouring frames, `[out, 3 * in]`.
    func convolution(_ name: String) throws -> Linear {
        let tensor = try checkpoint.tensor(name + ".weight")
        let (outputs, inputs, taps) = (tensor.shape[0], tensor.shape[1], tensor.shape[2])
        let stored = tensor.float32Values()
        tensor.dropPages()
        var weight = [Float](repeating: 0, count: stored.count)
        for output in 0..<outputs {
            for input in 0..<inputs {
                for tap in 0..<taps {
                    weight[(output * taps + tap) * inputs + input] = stored[(output * inputs + input) * taps + tap]
                }
            }
        }
        let bias = try checkpoint.tensor(name + ".bias").float32Values()
        return try pack(weight, bias: bias, inputs: taps * inputs, usage: .overlappingRows)
    }

    func norm(_ name: String) throws -> LayerNorm {
        let gamma = try checkpoint.tensor(name + ".weight")
        let beta = try checkpoint.tensor(name + ".bias")
        return try LayerNorm(width: gamma.count) { toGamma, toBeta in
            gamma.copyFloat32(to: toGamma)
            beta.copyFloat32(to: toBeta)
        }
    }

    /// A table that is added or looked up as it is, in float32.
    func table(_ name: String) throws -> Buffer {
        let tensor = try checkpoint.tensor(name)
        let buffer = try Buffer(of: Float.self, count: tensor.count)
        tensor.copyFloat32(to: buffer.bound(to: Float.self).baseAddress!)
        return buffer
    }

    private func pack(_ weight: [Float], bias: [Float], inputs: Int, usage: Linear.Usage) throws -> Linear {
        try weight.withUnsafeBufferPointer { try pack($0, bias: bias, inputs: inputs, usage: usage) }
    }

    private func pack(
        _ weight: UnsafeBufferPointer<Float>, bias: [Float], inputs: Int, usage: Linear.Usage
    ) throws -> Linear {
        try bias.withUnsafeBufferPointer { bias in
            try Linear(
                outputs: bias.count, inputs: inputs, weight: weight.baseAddress!, bias: bias.baseAddress!,
                type: type, int8: int8FewRows && usage == .fewRows, usage: usage, device: device)
        }
    }
}

extension Tensor {
    /// Whether the values lie in a file as they are used, where they can be read.
    fileprivate var isPlainFloat32: Bool {
        elementType == .float32
            && withUnsafeBytes { bytes in
                bytes.baseAddress.map { UInt(bitPattern: $0) % UInt(MemoryLayout<Float>.alignment) == 0 } ?? false
            }
    }
}
