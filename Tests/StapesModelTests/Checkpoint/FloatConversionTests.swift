import StapesModel
import StapesTesting
import Testing

/// Element types, through the files that hold them: the conversions have no other door.
struct FloatConversionTests {
    /// A checkpoint whose token embedding holds every 16-bit pattern.
    private func allPatterns(type: String) throws -> [Float] {
        let directory = try TemporaryDirectory()
        let random = RandomCheckpoint(
            configuration: .random(
                vocabularySize: 1 << 14, width: 4, encoderLayers: 1, decoderLayers: 1, melBins: 1, audioContext: 1,
                textContext: 1))
        try random.write(to: directory.path)
        let entries = TensorLayout.plans(for: random.configuration).map { plan in
            guard plan.name == "decoder.token_embedding.weight" else {
                return SafetensorsWriter.Entry(
                    name: plan.huggingFaceName, shape: plan.shape, values: random.values(plan))
            }
            let bytes = (0...UInt16.max).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
            return SafetensorsWriter.Entry(name: plan.huggingFaceName, type: type, shape: plan.shape, bytes: bytes)
        }
        try directory.write(SafetensorsWriter.file(entries), to: "model.safetensors")
        return try Checkpoint(directory).tensor("decoder.token_embedding.weight").float32Values()
    }

    @Test func everyHalfPrecisionPatternConvertsExactly() throws {
        let values = try allPatterns(type: "F16")
        try #require(values.count == 1 << 16)
        let wrong = (0...UInt16.max).filter { pattern in
            let (value, expected) = (values[Int(pattern)], Float(Float16(bitPattern: pattern)))
            return value.bitPattern != expected.bitPattern && !(value.isNaN && expected.isNaN)
        }
        #expect(wrong.isEmpty)
    }

    @Test func everyBrainFloatPatternConvertsExactly() throws {
        let values = try allPatterns(type: "BF16")
        try #require(values.count == 1 << 16)
        let wrong = (0...UInt16.max).filter { values[Int($0)].bitPattern != UInt32($0) << 16 }
        #expect(wrong.isEmpty)
    }
}
