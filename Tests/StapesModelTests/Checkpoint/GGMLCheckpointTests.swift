import StapesModel
import StapesTesting
import Testing

struct GGMLCheckpointTests {
    private let random = RandomCheckpoint.tiny

    private func open(_ writer: GGMLFileWriter) throws -> Checkpoint {
        let directory = try TemporaryDirectory()
        try writer.write(to: directory)
        return try Checkpoint(directory)
    }

    private func expectError(_ code: ModelError.Code, naming name: String, _ writer: GGMLFileWriter) throws {
        let directory = try TemporaryDirectory()
        try writer.write(to: directory)
        StapesModelTests.expectError(code, naming: name, in: directory)
    }

    @Test func sizesAreTheHeaders() throws {
        let checkpoint = try open(GGMLFileWriter(checkpoint: random))
        #expect(checkpoint.format == .ggml)
        #expect(checkpoint.configuration == random.configuration)
        #expect(checkpoint.configuration.suppressTokens == nil)
    }

    @Test func fileAloneIsAModel() throws {
        let directory = try TemporaryDirectory()
        let path = try GGMLFileWriter(checkpoint: random).write(to: directory, name: "any name")
        #expect(try Checkpoint(directory: path).configuration == random.configuration)
    }

    @Test func weightsAreTheWrittenOnes() throws {
        let checkpoint = try open(GGMLFileWriter(checkpoint: random))
        for plan in TensorLayout.plans(for: random.configuration) {
            let tensor = try checkpoint.tensor(plan.name)
            #expect(tensor.shape == plan.shape)
            let isHalf = tensor.elementType == .float16
            #expect(isHalf == (plan.shape.count > 1 && !plan.name.hasSuffix("positional_embedding")))
            let written = random.values(plan)
            #expect(tensor.float32Values() == (isHalf ? written.map { Float(Float16($0)) } : written))
        }
    }

    @Test func headsOfAPublishedShapeAreThePublishedOnes() throws {
        var sizes = RandomCheckpoint.tiny
        sizes = RandomCheckpoint(
            configuration: .random(
                vocabularySize: 51864, width: 384, heads: 6, encoderLayers: 1, decoderLayers: 4, melBins: 1,
                audioContext: 1, textContext: 1))
        let expected = KnownModels.configuration(named: "tiny.en")?.alignmentHeads
        #expect(try open(GGMLFileWriter(checkpoint: sizes)).configuration.alignmentHeads == expected)
    }

    @Test func otherFormsInAFolderComeFirst() throws {
        let directory = try TemporaryDirectory()
        try GGMLFileWriter(checkpoint: random).write(to: directory)
        try random.write(to: directory.path)
        #expect(try Checkpoint(directory).format == .huggingFace)
    }

    @Test func fileNamedAsCTranslate2sIsReadByItsContent() throws {
        let directory = try TemporaryDirectory()
        try GGMLFileWriter(checkpoint: random).write(to: directory, name: "model.bin")
        #expect(try Checkpoint(directory).format == .ggml)
    }

    @Test func severalFilesAreAmbiguous() throws {
        let directory = try TemporaryDirectory()
        try GGMLFileWriter(checkpoint: random).write(to: directory, name: "a.bin")
        try GGMLFileWriter(checkpoint: random).write(to: directory, name: "b.bin")
        StapesModelTests.expectError(.malformedFile, naming: "a.bin, b.bin", in: directory)
    }

    @Test(arguments: ["", "gg", "lmgf0000", "GGUF"]) func fileOfAnotherKindIsRefused(text: String) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(text, to: "ggml-base.bin")
        let error = #expect(throws: ModelError.self) { try Checkpoint(directory: path) }
        #expect(error?.code == .malformedFile)
        #expect(error?.message.contains("not a ggml file") == true)
    }

    /// One way to write a wrong size.
    struct WrongSize: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: ModelError.Code
        let index: Int
        let value: Int32

        init(_ what: String, _ index: Int, _ value: Int32, _ code: ModelError.Code) {
            testDescription = what
            self.code = code
            self.index = index
            self.value = value
        }
    }

    @Test(arguments: [
        WrongSize("no tokens", 0, 0, .malformedFile), WrongSize("a token too many", 0, 4, .shapeMismatch),
        WrongSize("endless tokens", 0, .max, .invalidConfiguration),
        WrongSize("negative positions", 1, -1, .invalidConfiguration),
        WrongSize("another width in one half", 2, 8, .invalidConfiguration),
        WrongSize("heads that do not divide the width", 3, 3, .invalidConfiguration),
        WrongSize("a layer too many", 4, 2, .missingTensor),
        WrongSize("endless layers", 4, .max, .invalidConfiguration),
        WrongSize("another number of heads in one half", 7, 1, .invalidConfiguration),
        WrongSize("other mel bins than the filters'", 9, 3, .malformedFile),
        WrongSize("endless mel bins", 9, .max, .malformedFile),
    ])
    func wrongSizeIsRefused(size: WrongSize) throws {
        let writer = GGMLFileWriter(checkpoint: random, editSizes: { $0[size.index] = size.value })
        try expectError(size.code, naming: "ggml-tiny.bin", writer)
    }

    @Test(arguments: [(0, 2), (2, 0), (2, -1), (-2, 2), (2, .max), (.max, .max)] as [(Int32, Int32)])
    func wrongFiltersAreRefused(bins: Int32, points: Int32) throws {
        let directory = try TemporaryDirectory()
        try GGMLFileWriter(checkpoint: random, filters: (bins, points)).write(to: directory)
        #expect(throws: ModelError.self) { try Checkpoint(directory) }
    }

    /// Sizes that agree and are too large to be multiplied.
    @Test func hugeFiltersAreRefused() throws {
        let directory = try TemporaryDirectory()
        try GGMLFileWriter(checkpoint: random, editSizes: { $0[9] = .max }, filters: (.max, .max)).write(to: directory)
        #expect(throws: ModelError.self) { try Checkpoint(directory) }
    }

    @Test(arguments: [-1, 4, .max] as [Int32]) func wrongTokenCountIsRefused(count: Int32) throws {
        try expectError(.malformedFile, naming: "tokens", GGMLFileWriter(checkpoint: random, tokenCount: count))
    }

    /// One way to write a wrong description of a weight.
    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: ModelError.Code
        let edit: @Sendable (inout GGMLFileWriter.Variable) -> Void

        init(
            _ what: String, _ code: ModelError.Code, _ edit: @escaping @Sendable (inout GGMLFileWriter.Variable) -> Void
        ) {
            testDescription = what
            self.code = code
            self.edit = edit
        }
    }

    @Test(arguments: [
        Damage("another name", .missingTensor) { $0.name += "x" },
        Damage("a name twice", .malformedFile) { $0.name = "encoder.ln_post.weight" },
        Damage("a name of no length", .malformedFile) { $0.name = "" },
        Damage("a name beyond all names", .malformedFile) { $0.name = String(repeating: "x", count: 1025) },
        Damage("five dimensions", .malformedFile) { $0.dimensions = [4, 1, 1, 1, 1] },
        Damage("a negative dimension", .malformedFile) { $0.dimensions = [-4] },
        Damage("a shape that overflows", .malformedFile) { $0.dimensions = [.max, .max, .max] },
        Damage("a shape past the end", .truncatedFile) { $0.dimensions = [.max] },
        Damage("another shape", .shapeMismatch) { $0.dimensions = [2, 2] },
        Damage("a shorter shape", .shapeMismatch) { ($0.dimensions, $0.bytes) = ([3], Array($0.bytes.prefix(12))) },
        Damage("blocks that do not fill rows", .malformedFile) { $0.type = 8 },
        Damage("a type that is not read", .unsupportedElementType) { $0.type = 20 },
        Damage("a type that nobody knows", .malformedFile) { $0.type = 4711 },
    ])
    func brokenWeightIsRefused(damage: Damage) throws {
        let writer = GGMLFileWriter(checkpoint: random) { variable in
            if variable.name == "encoder.ln_post.bias" { damage.edit(&variable) }
        }
        try expectError(damage.code, naming: "ggml-tiny.bin", writer)
    }

    @Test func typeThatIsNotReadIsNamed() throws {
        let writer = GGMLFileWriter(checkpoint: random) { $0.type = 20 }
        try expectError(.unsupportedElementType, naming: "encoder.conv1.weight is stored as iq4_nl", writer)
    }

    /// A vector may have a multiple of a block's elements; its rows have one each.
    @Test func vectorInBlocksIsRefused() throws {
        let wide = RandomCheckpoint(
            configuration: .random(
                vocabularySize: 3, width: 32, encoderLayers: 1, decoderLayers: 1, melBins: 2, audioContext: 1,
                textContext: 1))
        let writer = GGMLFileWriter(checkpoint: wide) { variable in
            guard variable.name == "encoder.ln_post.bias" else { return }
            (variable.type, variable.bytes) = (8, [UInt8](repeating: 0, count: 34))
        }
        try expectError(.unsupportedElementType, naming: "encoder.ln_post.bias is stored as q8_0", writer)
    }
}
