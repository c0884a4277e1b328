import StapesModel
import StapesTesting
import Testing

struct CTranslate2CheckpointTests {
    private let random = RandomCheckpoint.tiny

    private func open(_ writer: CTranslate2Writer) throws -> Checkpoint {
        let directory = try TemporaryDirectory()
        try writer.write(to: directory)
        return try Checkpoint(directory)
    }

    private func expectError(_ code: ModelError.Code, naming name: String, _ writer: CTranslate2Writer) throws {
        let directory = try TemporaryDirectory()
        try writer.write(to: directory)
        StapesModelTests.expectError(code, naming: name, in: directory)
    }

    @Test func sizesFollowFromTheShapes() throws {
        let checkpoint = try open(CTranslate2Writer(checkpoint: random))
        var expected = random.configuration
        expected.alignmentHeads = [AlignmentHead(layer: 1, head: 0)]
        expected.suppressTokens = [1, 2]
        #expect(checkpoint.format == .cTranslate2)
        #expect(checkpoint.configuration == expected)
    }

    /// Fused matrices come apart into the same weights as the other format's.
    @Test(arguments: CTranslate2Writer.Weights.allCases)
    func everyElementTypeGivesTheWrittenValues(weights: CTranslate2Writer.Weights) throws {
        let checkpoint = try open(CTranslate2Writer(checkpoint: random, weights: weights))
        for plan in TensorLayout.plans(for: random.configuration) {
            let tensor = try checkpoint.tensor(plan.name)
            let scales = tensor.rowScaleValues()
            #expect(tensor.shape == plan.shape)
            #expect((scales != nil) == (tensor.elementType == .int8))
            let rowLength = tensor.count / tensor.rowCount
            for (index, (value, written)) in zip(tensor.float32Values(), random.values(plan)).enumerated() {
                let tolerance =
                    switch tensor.elementType {
                    case .float32: Float(0)
                    case .float16: max(abs(written) * 0x1p-11, 0x1p-25)
                    case .bfloat16: abs(written) * 0x1p-7  // the writer cuts off
                    case .int8: (0.5 / (scales?[index / rowLength] ?? 0)).nextUp
                    }
                #expect(abs(value - written) <= tolerance, "\(plan.name) \(index): \(value), written \(written)")
            }
        }
    }

    @Test(arguments: [4, 5, 6] as [UInt32]) func versionsOfTheSameLayoutAreRead(version: UInt32) throws {
        #expect(try open(CTranslate2Writer(checkpoint: random, version: version)).configuration.width == 4)
    }

    @Test(arguments: [0, 3, 7, .max] as [UInt32]) func otherVersionsAreRefused(version: UInt32) throws {
        try expectError(
            .unsupportedVersion, naming: "model.bin", CTranslate2Writer(checkpoint: random, version: version))
    }

    @Test func otherModelsAreRefusedByName() throws {
        let writer = CTranslate2Writer(checkpoint: random, specification: "TransformerSpec")
        try expectError(.notWhisper, naming: "TransformerSpec", writer)
    }

    @Test(arguments: [0, -1, 3] as [Int16]) func headCountThatDoesNotDivideTheWidthIsRefused(count: Int16) throws {
        try expectError(
            .invalidConfiguration, naming: "model.bin", CTranslate2Writer(checkpoint: random, headCount: count))
    }

    @Test func withoutHeadCountsTheRuleOfSixtyFourHolds() throws {
        let wide = RandomCheckpoint(
            configuration: .random(
                vocabularySize: 3, width: 128, heads: 2, encoderLayers: 1, decoderLayers: 1, melBins: 1,
                audioContext: 1, textContext: 1))
        let writer = CTranslate2Writer(checkpoint: wide) { variable in
            if variable.name.hasSuffix("num_heads") { variable.name += "_renamed" }
        }
        let configuration = try open(writer).configuration
        #expect(configuration.encoderHeads == 2)
        #expect(configuration.decoderHeads == 2)
    }

    /// One way to write a wrong description of a variable.
    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: ModelError.Code
        let edit: @Sendable (inout CTranslate2Writer.Variable) -> Void

        init(
            _ what: String, _ code: ModelError.Code,
            _ edit: @escaping @Sendable (inout CTranslate2Writer.Variable) -> Void
        ) {
            testDescription = what
            self.code = code
            self.edit = edit
        }
    }

    @Test(arguments: [
        Damage("another name", .missingTensor) { $0.name += "x" },
        Damage("a size that contradicts the shape", .malformedFile) { $0.byteCount -= 1 },
        Damage("a size past the end", .malformedFile) { $0.byteCount = 0xFFFF_FFFF },
        Damage("a shape that overflows", .malformedFile) { $0.shape = [Int](repeating: 0xFFFF_FFFF, count: 255) },
        Damage("shape and size past the end", .truncatedFile) { ($0.shape, $0.byteCount) = ([1 << 28], 1 << 30) },
        Damage("an unknown type", .malformedFile) { $0.typeCode = 6 },
        Damage("integers of 16 bits", .unsupportedElementType) {
            ($0.typeCode, $0.byteCount, $0.bytes) = (2, 8, Array($0.bytes.prefix(8)))
        },
        Damage("bytes without scales", .missingTensor) {
            ($0.typeCode, $0.byteCount, $0.bytes) = (1, 4, Array($0.bytes.prefix(4)))
        },
        Damage("another rank", .shapeMismatch) { $0.shape.append(1) },
        Damage("a name twice", .malformedFile) { $0.name = "encoder/layer_norm/gamma" },
    ])
    func brokenVariableIsRefused(damage: Damage) throws {
        let writer = CTranslate2Writer(checkpoint: random) { variable in
            if variable.name == "encoder/layer_norm/beta" { damage.edit(&variable) }
        }
        try expectError(damage.code, naming: "model.bin", writer)
    }

    @Test func aliasToNothingIsRefused() throws {
        let directory = try TemporaryDirectory()
        let writer = CTranslate2Writer(checkpoint: random)
        try writer.write(to: directory)
        var bytes = writer.file()
        bytes[bytes.count - 3] ^= 1  // in the last name
        try directory.write(bytes, to: "model.bin")
        StapesModelTests.expectError(.malformedFile, naming: "alias decoder/projection/weight", in: directory)
    }

    @Test func missingSettingsAreNamed() throws {
        let directory = try TemporaryDirectory()
        try CTranslate2Writer(checkpoint: random).write(to: directory)
        try directory.remove("config.json")
        StapesModelTests.expectError(.missingFile, naming: "config.json", in: directory)
    }
}
