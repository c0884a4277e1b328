import Foundation
import StapesModel
import StapesTesting
import Testing

/// `models quantize` as a process, from a small random model in one file.
@Suite struct QuantizeModelTests {
    private let folder: TemporaryDirectory

    /// 256 ordinary tokens, one a byte, and the 1608 that every model has.
    private static let source = Result {
        let sizes = ModelConfiguration.random(
            vocabularySize: 256 + 1608, width: 64, audioContext: 4, textContext: 3)
        var bytes: [UInt8] = []
        try GGMLWriter(
            .random(sizes, seed: 1), type: .f16, vocabulary: (UInt8.min...UInt8.max).map { [$0] },
            melFilters: [Float](repeating: 0, count: 80 * 201)
        ).write { bytes += $0 }
        return bytes
    }

    init() throws {
        folder = try TemporaryDirectory()
        try folder.write(Self.source.get(), to: "ggml-source.bin")
    }

    private var source: String { folder.path + "/ggml-source.bin" }

    private func quantize(_ arguments: String..., interruptWhen: () -> Bool = { false }) async throws -> StapesProcess {
        try await StapesProcess.run(
            ["models", "quantize"] + arguments, environment: ["HOME": "/nonexistent"], interruptWhen: interruptWhen)
    }

    @Test(arguments: ["q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "f16", "f32"])
    func everyTypeMakesAFileThatLoads(type: String) async throws {
        let destination = folder.path + "/out.bin"
        let result = try await quantize(source, destination, "--type", type)
        #expect(result.status == 0)
        #expect(result.output == destination + "\n")
        #expect(result.messages.isEmpty)
        #expect(try folder.names() == ["ggml-source.bin", "out.bin"])
        let checkpoint = try Checkpoint(directory: destination)
        let matrix = try checkpoint.tensor("decoder.blocks.1.mlp.0.weight")
        #expect(matrix.blockFormat?.rawValue == (type.hasPrefix("q") ? type : nil))
        #expect(try folder.read("out.bin").count == checkpointSize(type))
    }

    /// A file that is the source's again has its bytes, but for the mel filters, which the source here lacks.
    @Test func halfPrecisionAgainIsTheSameFile() async throws {
        #expect(try await quantize(source, folder.path + "/out.bin", "--type", "f16").status == 0)
        let (written, original) = (try folder.read("out.bin"), try Self.source.get())
        let filters = 56..<56 + 80 * 201 * 4
        #expect(written.count == original.count)
        #expect(written[..<filters.lowerBound] == original[..<filters.lowerBound])
        #expect(written[filters.upperBound...] == original[filters.upperBound...])
        #expect(written[filters].contains { $0 != 0 })
    }

    @Test func int8MakesAFolderWithEverything() async throws {
        let destination = folder.path + "/int8"
        let result = try await quantize(source, destination + "/", "--type", "int8")
        #expect(result.status == 0)
        #expect(try folder.names() == ["ggml-source.bin", "int8"])
        #expect(
            try folder.names("int8")
                == ["config.json", "model.bin", "preprocessor_config.json", "tokenizer.json", "vocabulary.json"])
        let (original, copy) = (try Checkpoint(directory: source), try Checkpoint(directory: destination))
        #expect(copy.format == .cTranslate2)
        #expect(copy.configuration.alignmentHeads == original.configuration.alignmentHeads)
        #expect(copy.configuration.suppressTokens?.contains(257) == true)
        #expect(try copy.tensor("decoder.token_embedding.weight").elementType == .int8)
        // And it is a complete model, which can be a source in turn.
        let back = try await quantize(destination, folder.path + "/back.bin", "--type", "q8_0")
        #expect(back.status == 0)
        #expect(back.messages.contains("its weights are rounded already"))
        #expect(try await quantize(destination, folder.path + "/again", "--type", "int8", "--quiet").messages.isEmpty)
        for name in ["config.json", "tokenizer.json", "vocabulary.json"] {
            #expect(try folder.read("again/\(name)") == folder.read("int8/\(name)"))
        }
    }

    @Test func nothingIsReplacedUnlessForced() async throws {
        try folder.write("mine", to: "out.bin")
        let refused = try await quantize(source, folder.path + "/out.bin", "--type", "q4_0")
        #expect(refused.status == 1)
        #expect(refused.messages == "stapes: \(folder.path)/out.bin: is there already; --force replaces it\n")
        #expect(folder.text("out.bin") == "mine")
        #expect(try await quantize(source, folder.path + "/out.bin", "--type", "q4_0", "--force").status == 0)
        #expect(try folder.read("out.bin").count == checkpointSize("q4_0"))

        #expect(try await quantize(source, folder.path + "/int8", "--type", "int8").status == 0)
        try folder.write("old", to: "int8/left-over.txt")
        #expect(try await quantize(source, folder.path + "/int8", "--type", "int8").status == 1)
        #expect(try await quantize(source, folder.path + "/int8", "--type", "int8", "--force").status == 0)
        #expect(folder.text("int8/left-over.txt") == nil)
        #expect(try folder.names() == ["ggml-source.bin", "int8", "out.bin"])
    }

    @Test func foldersThatHoldOtherThingsAreNeverReplaced() async throws {
        try folder.write("letter", to: "home/letters/one.txt")
        try folder.write("weights", to: "home/model.bin")
        let result = try await quantize(source, folder.path + "/home", "--type", "int8", "--force")
        #expect(result.status == 1)
        #expect(result.messages.contains("which is not replaced"))
        #expect(folder.text("home/letters/one.txt") == "letter")
        let file = try await quantize(source, folder.path + "/home", "--type", "q8_0", "--force")
        #expect(file.status == 1)
        #expect(file.messages.contains("is a folder; name the file to write"))
    }

    @Test func sourceIsNotReplacedByItsOwnCopy() async throws {
        let result = try await quantize(source, source, "--type", "q4_0", "--force")
        #expect(result.status == 1)
        #expect(result.messages.contains("is the source"))
        #expect(try folder.read("ggml-source.bin") == Self.source.get())
    }

    @Test func damagedSourceLeavesNothing() async throws {
        try folder.write(Array(Self.source.get().dropLast(3)), to: "short.bin")
        let result = try await quantize(folder.path + "/short.bin", folder.path + "/out.bin", "--type", "q4_0")
        #expect(result.status == 1)
        #expect(result.messages.contains("short.bin: ends at byte"))
        #expect(try folder.names() == ["ggml-source.bin", "short.bin"])
    }

    @Test func folderThatIsMissingIsNamed() async throws {
        let result = try await quantize(source, folder.path + "/none/out.bin", "--type", "q4_0")
        #expect(result.status == 1)
        #expect(result.messages == "stapes: \(folder.path)/none/out.bin: no such file or directory\n")
    }

    @Test func misuseExitsWithTwo() async throws {
        #expect(try await quantize(source, "out.bin", "--type", "q7_0").status == 2)
        #expect(try await quantize(source, "out.bin").status == 2)
        #expect(try await quantize(source, "--type", "q8_0").status == 2)
    }

    @Test(
        .enabled(if: TestModels.hasTinyEnglish, "needs the model tiny.en"), arguments: ["q5_0", "int8"])
    func interruptLeavesNothing(type: String) async throws {
        let names = { try folder.names().filter { $0.hasPrefix(".stapes-") } }
        let result = try await StapesProcess.run(
            ["models", "quantize", TestModels.tinyEnglish, folder.path + "/out", "--type", type],
            interruptWhen: { (try? !names().isEmpty) == true })
        #expect(result.status == 130)
        #expect(try folder.names() == ["ggml-source.bin"])
    }

    /// Bytes of the random model in a type: what its plan of weights adds up to.
    private func checkpointSize(_ type: String) throws -> Int {
        let checkpoint = try Checkpoint(directory: source)
        return try GGMLWriter(
            checkpoint, type: #require(GGMLType(rawValue: type)), vocabulary: (UInt8.min...UInt8.max).map { [$0] },
            melFilters: [Float](repeating: 0, count: 80 * 201)
        ).byteCount
    }
}
