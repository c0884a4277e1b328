import StapesHub
import Testing

@Suite struct ModelDirectoryTests {
    private let temporary = TemporaryStore()

    private func directory(_ files: [String: [UInt8]]) throws -> ModelDirectory {
        try temporary.write(files, in: "m")
        return ModelDirectory(path: temporary.root + "/m")
    }

    @Test func completeForms() throws {
        let model = try directory(TemporaryStore.ctranslate2)
        #expect(model.format == .ctranslate2)
        #expect(model.isComplete)
        #expect(model.byteCount == 6)
    }

    @Test(arguments: ["config.json", "vocabulary.txt", "model.bin"]) func missingPartIsNamed(name: String) throws {
        let model = try directory(TemporaryStore.ctranslate2.filter { $0.key != name })
        #expect(model.missing.count == 1)
        let word = ["config.json": "config.json", "vocabulary.txt": "tokenizer", "model.bin": "weights"][name] ?? ""
        #expect(model.missing.first?.contains(word) == true)
    }

    @Test func emptyWeightsCountAsMissing() throws {
        #expect(try directory(TemporaryStore.ctranslate2.merging(["model.bin": []]) { $1 }).format == nil)
    }

    @Test func shardsOfTheIndexAreNeeded() throws {
        let index = #"{"weight_map":{"a":"model-2.safetensors","b":"model-1.safetensors","c":"model-1.safetensors"}}"#
        var files: [String: [UInt8]] = [
            "config.json": [1], "tokenizer.json": [1], "model-1.safetensors": [1],
            "model.safetensors.index.json": Array(index.utf8),
        ]
        #expect(try directory(files).missing == ["model-2.safetensors"])
        files["model-2.safetensors"] = [2]
        let complete = try directory(files)
        #expect(complete.isComplete)
        #expect(complete.format == .safetensors)
        #expect(complete.weightFiles == ["model-1.safetensors", "model-2.safetensors"])
    }

    @Test(arguments: ["nonsense", #"{"weight_map":{}}"#, #"{"weight_map":{"a":"../../etc/passwd"}}"#])
    func unusableIndexIsIncomplete(index: String) throws {
        let files: [String: [UInt8]] = [
            "config.json": [1], "tokenizer.json": [1], "model.safetensors.index.json": Array(index.utf8),
        ]
        #expect(try directory(files).missing == ["a readable model.safetensors.index.json"])
    }

    private static let ggml: [UInt8] = Array("lmgg".utf8) + [1, 2, 3]

    @Test(arguments: ["ggml-base.bin", "model.bin"]) func ggmlFileIsCompleteAlone(name: String) throws {
        let model = try directory([name: Self.ggml])
        #expect(model.format == .ggml)
        #expect(model.isComplete)
        #expect(model.weightFiles == [name])
    }

    @Test func severalGGMLFilesAreNoModel() throws {
        let model = try directory(["a.bin": Self.ggml, "b.bin": Self.ggml])
        #expect(model.missing == ["a choice among a.bin, b.bin: name one of the files"])
    }

    @Test func ggmlFileBesideOtherFormsIsNotTheModel() throws {
        let model = try directory(TemporaryStore.ctranslate2.merging(["ggml.bin": Self.ggml]) { $1 })
        #expect(model.format == .ctranslate2)
        #expect(model.isComplete)
    }

    @Test func fileIsAModelWhenItIsAGGMLFile() throws {
        try temporary.write(["a.bin": Self.ggml, "b.bin": [1]], in: "")
        #expect(ModelDirectory(path: temporary.root + "/a.bin").isComplete)
        #expect(ModelDirectory(path: temporary.root + "/a.bin").byteCount == 7)
        #expect(!ModelDirectory(path: temporary.root + "/b.bin").isComplete)
    }
}
