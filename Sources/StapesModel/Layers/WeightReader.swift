import StapesDevice

/// Takes weights out of a checkpoint and packs them for the device, from where they lie in the file if they can be read
/// there.
package struct WeightReader {
    let checkpoint: Checkpoint
    let device: any ComputeDevice
    /// What products are computed in.
    let type: ScalarType
    /// What weights of products are rounded to instead, if they are.
    var integers: Linear.Integers?

    package init(
        checkpoint: Checkpoint, device: any ComputeDevice, type: ScalarType, integers: Linear.Integers? = nil
    ) {
        self.checkpoint = checkpoint
        self.device = device
        self.type = type
        self.integers = integers
    }

    /// A linear layer `[out, in]` with its bias, if it has one.
    package func linear(_ name: String, usage: Linear.Usage) throws -> Linear {
        try linear(stacking: [name], usage: usage)
    }

    /// Several linear layers of the same input as one, their outputs one after the other. A layer without a bias
    /// gets zeros.
    package func linear(stacking names: [String], usage: Linear.Usage) throws -> Linear {
        let weights = try names.map { (name) throws(ModelError) in try checkpoint.tensor(name + ".weight") }
        let biases = names.map { checkpoint.tensorIfPresent($0 + ".bias") }
        defer { for weight in weights { weight.dropPages() } }
        var bias: [Float] = []
        for (tensor, weight) in zip(biases, weights) {
            bias += tensor?.float32Values() ?? [Float](repeating: 0, count: weight.shape[0])
        }
        let rows = try weights.map { (weight) throws(DeviceError) in try StoredRows(weight, for: device) }
        return try withExtendedLifetime((weights, rows)) {
            try pack(rows.map(\.matrix), bias: bias, inputs: weights[0].shape[1], usage: usage)
        }
    }

    /// A convolution `[out, in, 3]` as a linear layer over three neighbouring frames, `[out, 3 * in]`.
    package func convolution(_ name: String) throws -> Linear {
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
        return try weight.withUnsafeBytes {
            let matrix = StoredMatrix($0.baseAddress!, type: .float32, rows: outputs)
            return try pack([matrix], bias: bias, inputs: taps * inputs, usage: .overlappingRows)
        }
    }

    func norm(_ name: String) throws -> LayerNorm {
        try LayerNorm(
            gamma: checkpoint.tensor(name + ".weight").float32Values(),
            beta: checkpoint.tensor(name + ".bias").float32Values(), on: device.stream)
    }

    /// A table that is added or looked up as it is, in float32.
    func table(_ name: String) throws -> Buffer {
        let values = try checkpoint.tensor(name).float32Values()
        let buffer = try Buffer(of: Float.self, count: values.count, on: device.stream)
        device.stream.write(values, count: values.count, to: buffer.start())
        return buffer
    }

    private func pack(_ matrices: [StoredMatrix], bias: [Float], inputs: Int, usage: Linear.Usage) throws -> Linear {
        try bias.withUnsafeBufferPointer { bias in
            try Linear(
                matrices, inputs: inputs, bias: bias.baseAddress!, type: type,
                integers: integers, usage: usage, device: device)
        }
    }
}

/// The rows of a tensor where they lie in its file, or a copy in float32 if kernels cannot read them there. A random
/// model's are left to a device that makes them itself.
private final class StoredRows {
    let matrix: StoredMatrix
    private let copy: Buffer?

    init(_ tensor: Tensor, for device: any ComputeDevice) throws(DeviceError) {
        if device.generatesWeights, let values = tensor.generatedValues {
            copy = nil
            matrix = StoredMatrix(values, rows: tensor.shape[0])
        } else if let type = tensor.elementType.scalarType, let address = tensor.withUnsafeBytes({ $0.baseAddress }) {
            copy = nil
            matrix = StoredMatrix(address, type: type, rows: tensor.shape[0])
        } else {
            let copied = try Buffer(of: Float.self, count: tensor.count)
            tensor.copyFloat32(to: copied.bound(to: Float.self).baseAddress!)
            matrix = StoredMatrix(copied.pointer, type: .float32, rows: tensor.shape[0])
            copy = consume copied
        }
    }
}
