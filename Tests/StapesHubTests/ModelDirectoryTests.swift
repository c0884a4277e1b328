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
}
