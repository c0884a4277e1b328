import CKernels
import CUDAEmulator
import StapesDevice
import StapesModel
import StapesTesting
import Testing

/// What a GPU's weights are: a random model's made there, a checkpoint's as its tensors say.
extension GPUAgreementTests {
    private static let types: [ScalarType] = [.float16, .bfloat16]

    /// Layers, by the linears that are stacked in each.
    private static let layers = [
        ["encoder.blocks.1.attn.query", "encoder.blocks.1.attn.key", "encoder.blocks.1.attn.value"],
        ["encoder.blocks.0.mlp.2"], ["decoder.blocks.1.cross_attn.out"], ["decoder.token_embedding"],
    ]

    /// Values of a layer's weights on the GPU, from `first` on, as their 16 bits.
    private func read(_ layer: Linear, first: Int, count: Int, on stream: Stream) throws -> [UInt16] {
        let rows = try #require(layer.rows)
        let from = rows.pointer.assumingMemoryBound(to: UInt16.self) + first
        var values = [UInt16](repeating: 0, count: count)
        values.withUnsafeMutableBufferPointer { stream.read(from, count: count, into: $0.baseAddress!) }
        try stream.check()
        return values
    }

    private func narrowed(_ values: [Float], to type: ScalarType, on cpu: Stream) -> [UInt16] {
        var narrow = [UInt16](repeating: 0, count: values.count)
        narrow.withUnsafeMutableBytes { target in
            values.withUnsafeBufferPointer {
                cpu.convert($0.baseAddress!, count: $0.count, into: target.baseAddress!, type: type)
            }
        }
        return narrow
    }

    private func widened(_ bits: UInt16, from type: ScalarType) -> Float {
        type == .float16 ? Float(Float16(bitPattern: bits)) : Float(bitPattern: UInt32(bits) << 16)
    }

    private func makeCPU() throws -> Stream {
        try Stream(kernels: #require(KernelTable(CPULevel.best)), threads: 1)
    }

    @Test(arguments: types) func randomWeightsAreMadeOnTheGPUAsOnTheHost(type: ScalarType) throws {
        let checkpoint = Checkpoint.random(TinyModel.configuration, seed: 11)
        let device = try CUDADevice(FakeGPU.context, type: type, threads: 1)
        let reader = WeightReader(checkpoint: checkpoint, device: device, type: type)
        let cpu = try makeCPU()
        for names in Self.layers {
            device.stream.synchronize()
            stapes_fake_cuda_clear_log()
            let layer = try reader.linear(stacking: names, usage: .manyRows)
            let expected = try names.flatMap { try checkpoint.tensor($0 + ".weight").float32Values() }
            #expect(
                try read(layer, first: 0, count: expected.count, on: device.stream)
                    == narrowed(expected, to: type, on: cpu), "\(names)")
            #expect(stapes_fake_cuda_copies().to_device_bytes == layer.outputs * 4, "the bias alone is copied")
        }
        // A convolution is turned on the host.
        _ = try reader.convolution("encoder.conv1")
    }

    /// A tensor of each stored type and form, and a slab's end inside a row.
    private func checkLayers(of checkpoint: Checkpoint, _ layers: [[String]], type: ScalarType) throws {
        let device = try CUDADevice(FakeGPU.context, type: type, threads: 2)
        let reader = WeightReader(checkpoint: checkpoint, device: device, type: type)
        let relative: Float = type == .float16 ? 0x1p-11 : 0x1p-8
        for names in layers {
            let layer = try reader.linear(stacking: names, usage: .fewRows)
            var base = 0
            for name in names {
                let tensor = try checkpoint.tensor(name + ".weight")
                for row in Set([0, 1, tensor.rowCount / 2, tensor.rowCount - 1]) {
                    var expected = [Float](repeating: 0, count: layer.inputs)
                    expected.withUnsafeMutableBufferPointer {
                        tensor.copyFloat32(rows: row..<row + 1, to: $0.baseAddress!)
                    }
                    let bits = try read(
                        layer, first: (base + row) * layer.inputs, count: layer.inputs, on: device.stream)
                    let isClose = zip(bits, expected).allSatisfy { bits, value in
                        // Below the smallest normal of float16 the step is 2^-24.
                        abs(widened(bits, from: type) - value) <= max(relative * abs(value), 0x1p-25)
                    }
                    #expect(isClose, "\(checkpoint.origin): row \(row) of \(name), \(tensor.elementType)")
                }
                base += tensor.rowCount
            }
        }
    }

    @Test(arguments: types) func storedFormsReachTheGPUAsTheirTensorsSay(type: ScalarType) throws {
        let model = RandomCheckpoint(configuration: TinyModel.configuration, seed: 5)
        let float32 = try TemporaryDirectory()
        try model.write(to: float32.path)
        let bfloat16 = try TemporaryDirectory()
        try model.write(to: bfloat16.path)
        try bfloat16.remove("model.safetensors")
        let entries = TensorLayout.plans(for: model.configuration).map { plan in
            SafetensorsWriter.Entry(
                name: "model." + plan.huggingFaceName, type: "BF16", shape: plan.shape,
                bytes: model.values(plan).flatMap { value in
                    let bits = UInt16(truncatingIfNeeded: value.bitPattern >> 16)
                    return [UInt8(truncatingIfNeeded: bits), UInt8(bits >> 8)]
                })
        }
        _ = try bfloat16.write(SafetensorsWriter.file(entries), to: "model.safetensors")
        for directory in [float32, bfloat16] {
            try checkLayers(of: Checkpoint(directory: directory.path), Self.layers, type: type)
        }
    }

    @Test(.enabled(if: TestModels.hasTinyEnglish), arguments: types)
    func trainedWeightsReachTheGPUAsTheirTensorsSay(type: ScalarType) throws {
        for directory in [TestModels.tinyEnglish] + TestModels.otherForms(of: "tiny.en") {
            try checkLayers(of: Checkpoint(directory: directory), Self.layers, type: type)
        }
    }
}
