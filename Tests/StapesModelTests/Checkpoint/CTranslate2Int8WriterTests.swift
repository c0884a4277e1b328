import StapesModel
import StapesTesting
import Testing

/// `model.bin` in int8 as we write it, read again.
struct CTranslate2Int8WriterTests {
    private func file(_ checkpoint: Checkpoint) throws -> [UInt8] {
        let writer = try CTranslate2Int8Writer(checkpoint)
        var bytes: [UInt8] = []
        try writer.write { bytes += $0 }
        #expect(bytes.count == writer.byteCount)
        return bytes
    }

    private func roundTrip(_ checkpoint: Checkpoint) throws -> Checkpoint {
        let directory = try TemporaryDirectory()
        try directory.write(file(checkpoint), to: "model.bin")
        try directory.write("{}", to: "config.json")
        return try Checkpoint(directory)
    }

    @Test func matricesComeBackWithinHalfAStepAndTheRestExactly() throws {
        let random = Checkpoint.random(RandomCheckpoint.tiny.configuration, seed: 1)
        let copy = try roundTrip(random)
        #expect(copy.configuration == random.configuration)
        for plan in TensorLayout.plans(for: random.configuration) {
            let (tensor, expected) = (try copy.tensor(plan.name), try random.tensor(plan.name).float32Values())
            let values = tensor.float32Values()
            guard plan.cTranslate2.variable.hasSuffix("/weight") else {
                #expect(tensor.elementType == .float32)
                #expect(values == expected)
                continue
            }
            let scales = try #require(tensor.rowScaleValues())
            let rowLength = tensor.count / tensor.rowCount
            for (row, scale) in scales.enumerated() {
                let range = row * rowLength..<(row + 1) * rowLength
                let largest = expected[range].map(abs).max() ?? 0
                #expect(scale == 127 / largest)
                #expect(range.allSatisfy { abs(values[$0] - expected[$0]) <= 0.50001 / scale })
            }
        }
    }

    @Test func rowOfZerosHasTheScaleOne() throws {
        let sizes = RandomCheckpoint.tiny
        let directory = try TemporaryDirectory()
        let entries = TensorLayout.plans(for: sizes.configuration).map { plan in
            SafetensorsWriter.Entry(
                name: plan.huggingFaceName, shape: plan.shape, values: sizes.values(plan).map { _ in 0 })
        }
        try directory.write(SafetensorsWriter.file(entries), to: "model.safetensors")
        try directory.write(sizes.configuration.huggingFaceJSON, to: "config.json")
        let tensor = try roundTrip(Checkpoint(directory)).tensor("decoder.token_embedding.weight")
        #expect(tensor.rowScaleValues() == [1, 1, 1])
        #expect(tensor.float32Values().allSatisfy { $0 == 0 })
    }

    /// Vectors keep the type that they have, as in CTranslate2's own conversion.
    @Test func halfPrecisionVectorsStayHalf() throws {
        let directory = try TemporaryDirectory()
        try CTranslate2Writer(checkpoint: .tiny, weights: .float16).write(to: directory)
        let original = try Checkpoint(directory)
        let copy = try roundTrip(original)
        let name = "decoder.ln.weight"
        #expect(try copy.tensor(name).elementType == .float16)
        #expect(try copy.tensor(name).float32Values() == original.tensor(name).float32Values())
        #expect(try copy.tensor("decoder.blocks.0.attn.query.weight").elementType == .int8)
    }

    /// What is written from int8 weights is what they were.
    @Test func int8WeightsStayTheSame() throws {
        let directory = try TemporaryDirectory()
        try directory.write(file(.random(RandomCheckpoint.tiny.configuration, seed: 2)), to: "model.bin")
        try directory.write("{}", to: "config.json")
        let copy = try roundTrip(Checkpoint(directory))
        for name in copy.tensorNames {
            let (values, expected) = (try copy.tensor(name), try Checkpoint(directory).tensor(name))
            let tolerance = (expected.float32Values().map(abs).max() ?? 0) * 1e-6
            #expect(zip(values.float32Values(), expected.float32Values()).allSatisfy { abs($0 - $1) <= tolerance })
        }
    }
}
