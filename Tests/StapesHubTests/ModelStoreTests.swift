import Foundation
import StapesHub
import Testing

@Suite struct ModelStoreTests {
    private let temporary = TemporaryStore()
    private var store: ModelStore { temporary.store }

    private func error(_ reference: String) -> HubError? {
        #expect(throws: HubError.self) { try store.resolve(reference) }
    }

    @Test func cachedModelResolvesByNameAliasAndHubID() throws {
        try temporary.write(TemporaryStore.ctranslate2, in: "large-v3")
        for reference in ["large-v3", "large", "openai/whisper-large-v3"] {
            #expect(try store.resolve(reference) == temporary.root + "/large-v3")
        }
    }

    @Test func hubIDResolvesToItsOwnDirectory() throws {
        try temporary.write(TemporaryStore.ctranslate2, in: "org--model")
        #expect(try store.resolve("org/model") == temporary.root + "/org--model")
    }

    @Test func directoryOfTheCacheResolvesByItsName() throws {
        try temporary.write(TemporaryStore.ctranslate2, in: "mine")
        #expect(try store.resolve("mine") == temporary.root + "/mine")
    }

    @Test func existingPathWins() throws {
        try temporary.write(TemporaryStore.ctranslate2, in: "elsewhere/model")
        #expect(try store.resolve(temporary.root + "/elsewhere/model/") == temporary.root + "/elsewhere/model")
    }

    @Test func missingModelSaysWhatToRun() {
        let message = error("base")?.message
        let advice = "run 'stapes models pull base --model-dir '\(temporary.root)''"
        #expect(message == "model 'base' is not in \(temporary.root): \(advice)")
        #expect(error("org/model")?.code == .notInstalled)
    }

    @Test func unknownNameListsTheKnownAndSuggests() {
        let error = error("basse")
        #expect(error?.code == .unknownModel)
        #expect(error?.message.contains("did you mean 'base'?") == true)
        #expect(error?.message.contains("tiny.en, base, base.en") == true)
    }

    @Test func missingPathIsNotTakenForAName() throws {
        #expect(error("./nowhere")?.message == "no model at './nowhere': there is no such directory")
        try temporary.write(["file": [1]], in: "")
        #expect(error(temporary.root + "/file")?.message.contains("it is a file") == true)
    }

    @Test func ggmlFileResolvesToItself() throws {
        let bytes = Array("lmgg0".utf8)
        try temporary.write(["ggml-base.bin": bytes], in: "elsewhere")
        let path = temporary.root + "/elsewhere/ggml-base.bin"
        #expect(try store.resolve(path) == path)
        #expect(try store.resolve(temporary.root + "/elsewhere") == temporary.root + "/elsewhere")
        #expect(try store.verify(path).files.map(\.name) == ["ggml-base.bin"])
        #expect(try store.verify(path).isSound)
        try temporary.write(["ggml-base.bin": bytes], in: "base")
        #expect(try store.resolve("base") == temporary.root + "/base")
        #expect(store.list().first?.name == "base")
        #expect(store.list().first?.format == .ggml)
    }

    @Test func incompleteModelNamesWhatItLacks() throws {
        try temporary.write(["config.json": [1]], in: "base")
        let error = error("base")
        #expect(error?.code == .incomplete)
        #expect(error?.message.contains("lacks a tokenizer (tokenizer.json or vocabulary.*), weights") == true)
    }

    @Test func listTellsCompleteFromIncomplete() throws {
        try temporary.write(TemporaryStore.ctranslate2, in: "base")
        try temporary.write(["config.json": [1]], in: "org--model")
        try temporary.write(["x": [1]], in: ".incoming/tiny")
        try temporary.write(["silero_vad_v6.onnx": [1]], in: "silero-vad")
        let models = store.list()
        #expect(models.map(\.name) == ["base", "org/model"])
        #expect(models.map(\.isComplete) == [true, false])
        #expect(models.map(\.format) == [.ctranslate2, nil])
        #expect(models.map(\.byteCount) == [6, 1])
    }

    @Test func absentRootListsNothing() {
        #expect(store.list().isEmpty)
    }

    @Test func removeTakesModelAndPartialPull() throws {
        try temporary.write(TemporaryStore.ctranslate2, in: "base")
        try temporary.write(["model.bin.part": [1]], in: ".incoming/base")
        try temporary.write(TemporaryStore.ctranslate2, in: "tiny")
        #expect(try store.remove("base").count == 2)
        #expect(temporary.names(in: "") == [".incoming", "tiny"])
        #expect(throws: HubError.self) { try store.remove("base") }
    }

    @Test func removeOfALinkLeavesItsTarget() throws {
        try temporary.write(TemporaryStore.ctranslate2, in: "elsewhere")
        try FileManager.default.createSymbolicLink(
            atPath: temporary.root + "/base", withDestinationPath: temporary.root + "/elsewhere")
        try store.remove("base")
        #expect(temporary.names(in: "elsewhere").count == 3)
        #expect(temporary.names(in: "") == ["elsewhere"])
    }

    @Test func removeRefusesAPath() throws {
        try temporary.write(TemporaryStore.ctranslate2, in: "base")
        #expect(throws: HubError.self) { try store.remove(temporary.root + "/base") }
        #expect(temporary.names(in: "base").count == 3)
    }

    @Test func verifyWithoutManifestHashesTheWeights() throws {
        try temporary.write(TemporaryStore.ctranslate2, in: "base")
        let result = try store.verify("base")
        #expect(result.isSound)
        #expect(result.files.map(\.name) == ["model.bin"])
        #expect(result.files.first?.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func verifyReportsWhatAnIncompleteModelLacks() throws {
        try temporary.write(["config.json": [1]], in: "base")
        let result = try store.verify("base")
        #expect(!result.isSound)
        #expect(result.files.map(\.outcome) == [.missing, .missing])
    }
}
