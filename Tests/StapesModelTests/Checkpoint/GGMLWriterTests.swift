import FoundationEssentials
import StapesModel
import StapesTesting
import Testing

/// Files that we write, read again.
struct GGMLWriterTests {
    private static let vocabulary: [[UInt8]] = [[0x61], [0x62]]

    private static let random = Checkpoint.random(
        .random(vocabularySize: 70, width: 64, melBins: 4, audioContext: 5, textContext: 3), seed: 5)

    private func file(_ checkpoint: Checkpoint, _ type: GGMLType) throws -> [UInt8] {
        let writer = try GGMLWriter(
            checkpoint, type: type, vocabulary: Self.vocabulary,
            melFilters: [Float](repeating: 0.5, count: 201 * checkpoint.configuration.melBins))
        var bytes: [UInt8] = []
        try writer.write { bytes += $0 }
        #expect(bytes.count == writer.byteCount)
        return bytes
    }

    private func roundTrip(_ checkpoint: Checkpoint, _ type: GGMLType) throws -> Checkpoint {
        let directory = try TemporaryDirectory()
        try directory.write(file(checkpoint, type), to: "ggml.bin")
        return try Checkpoint(directory)
    }

    @Test(arguments: GGMLType.allCases) func typesAreThoseOfWhisperCpp(type: GGMLType) throws {
        let copy = try roundTrip(Self.random, type)
        #expect(copy.configuration == Self.random.configuration)
        for plan in TensorLayout.plans(for: copy.configuration) {
            let tensor = try copy.tensor(plan.name)
            if plan.shape.count == 2, !plan.name.hasSuffix("positional_embedding") {
                #expect(tensor.blockFormat == type.blocks)
                #expect(tensor.elementType == (type == .f16 ? .float16 : .float32))
            } else {
                #expect(tensor.blockFormat == nil)
                #expect(tensor.elementType == (plan.shape.count == 3 && type != .f32 ? .float16 : .float32))
            }
        }
    }

    @Test(arguments: GGMLType.allCases) func valuesComeBackRoundedToTheirType(type: GGMLType) throws {
        let copy = try roundTrip(Self.random, type)
        for name in Self.random.tensorNames {
            let (tensor, expected) = (try copy.tensor(name), try Self.random.tensor(name).float32Values())
            let values = tensor.float32Values()
            if tensor.blockFormat == nil {
                let isHalf = tensor.elementType == .float16
                #expect(values == expected.map { isHalf ? Float(Float16($0)) : $0 }, "\(name)")
                continue
            }
            let steps: Float =
                switch type {
                case .q8_0: 127
                case .q5_0, .q5_1: 15.5
                default: 7.5
                }
            for start in stride(from: 0, to: expected.count, by: BlockFormat.length) {
                let range = start..<start + BlockFormat.length
                let reach = expected[range].map(abs).max() ?? 0
                // A step, at the cut end of the range, and what half precision loses of the scale.
                #expect(range.allSatisfy { abs(values[$0] - expected[$0]) <= reach / steps * 1.05 }, "\(name) \(start)")
            }
        }
    }

    /// Rows are unpacked alone as they are in company.
    @Test(arguments: GGMLType.allCases) func someRowsAreThoseOfAll(type: GGMLType) throws {
        let tensor = try roundTrip(Self.random, type).tensor("decoder.token_embedding.weight")
        let all = tensor.float32Values()
        let some = [Float](unsafeUninitializedCapacity: 3 * 64) { values, count in
            tensor.copyFloat32(rows: 7..<10, to: values.baseAddress!)
            count = 3 * 64
        }
        #expect(some == Array(all[7 * 64..<10 * 64]))
    }

    @Test func headerIsByteForByteTheFormats() throws {
        let bytes = try file(Self.random, .q5_0)
        let numbers = bytes.prefix(56).withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
        #expect(numbers == [0x6767_6D6C, 70, 5, 64, 1, 2, 3, 64, 1, 2, 4, 2008, 4, 201])
        let vocabulary = 56 + 4 * 201 * 4
        #expect(Array(bytes[vocabulary..<vocabulary + 14]) == [2, 0, 0, 0, 1, 0, 0, 0, 0x61, 1, 0, 0, 0, 0x62])
        // The first weight: three dimensions, 20 bytes of name, f16; taps, mel bins, width.
        let conv: [UInt8] = [3, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 64, 0, 0, 0]
        #expect(Array(bytes[vocabulary + 14..<vocabulary + 38]) == conv)
        #expect(Array(bytes[vocabulary + 38..<vocabulary + 58]) == Array("encoder.conv1.weight".utf8))
    }

    @Test func modelsThatTheFormatCannotHoldAreRefused() throws {
        var wide = ModelConfiguration.random(vocabularySize: 3, width: 64, audioContext: 1, textContext: 1)
        wide.feedForwardWidth = 128
        let narrow = ModelConfiguration.random(vocabularySize: 3, width: 48, audioContext: 1, textContext: 1)
        for (configuration, type) in [(wide, GGMLType.f16), (narrow, .q8_0)] {
            let error = #expect(throws: ModelError.self) {
                try GGMLWriter(
                    .random(configuration, seed: 1), type: type, vocabulary: [],
                    melFilters: [Float](repeating: 0, count: 80))
            }
            #expect(error?.code == .invalidConfiguration)
        }
    }

    @Test(arguments: [Float.infinity, .nan, 1e6]) func numbersThatDoNotFitAreRefused(number: Float) throws {
        let sizes = RandomCheckpoint.tiny
        let directory = try TemporaryDirectory()
        let entries = TensorLayout.plans(for: sizes.configuration).map { plan in
            var values = sizes.values(plan)
            if plan.name == "decoder.token_embedding.weight" { values[5] = number }
            return SafetensorsWriter.Entry(name: plan.huggingFaceName, shape: plan.shape, values: values)
        }
        try directory.write(SafetensorsWriter.file(entries), to: "model.safetensors")
        try directory.write(sizes.configuration.huggingFaceJSON, to: "config.json")
        let checkpoint = try Checkpoint(directory)
        let error = #expect(throws: ModelError.self) { try file(checkpoint, .f16) }
        #expect(error?.code == .malformedFile)
        #expect(error?.message.contains("decoder.token_embedding.weight") == true)
    }

    @Test(
        .enabled(if: !RealCheckpoints.present.isEmpty, "needs the model base or tiny.en"),
        arguments: RealCheckpoints.present)
    func halfPrecisionFileOfARealModelHoldsTheSameWeights(model: RealCheckpoints.Model) throws {
        let original = try Checkpoint(directory: model.directory)
        let copy = try roundTrip(original, .f16)
        var configuration = copy.configuration
        configuration.suppressTokens = original.configuration.suppressTokens
        #expect(configuration == original.configuration)
        for name in original.tensorNames {
            #expect(try copy.tensor(name).float32Values() == original.tensor(name).float32Values(), "\(name)")
        }
    }
}
