import Foundation
import StapesHub
import Synchronization
import Testing

@Suite struct PullTests {
    private let temporary = TemporaryStore()
    private var store: ModelStore { temporary.store }

    @Test func wholeModelIsPulledCheckedAndRecorded() async throws {
        let repository = FakeRepository()
        let hub = try repository.serve()
        let seen = Mutex<[PullProgress]>([])
        let pulled = try await store.pull("tiny", options: .test(hub.address)) { step in
            seen.withLock { $0.append(step) }
        }

        #expect(pulled.path == temporary.root + "/tiny")
        #expect(!pulled.wasPresent)
        #expect(try store.resolve("tiny") == pulled.path)
        let wanted = [
            "config.json", "generation_config.json", "tokenizer.json", "preprocessor_config.json", "normalizer.json",
            "model.safetensors",
        ]
        #expect(temporary.names(in: "tiny") == Set(wanted + ["stapes.json"]))
        for name in wanted { #expect(temporary.read("tiny/\(name)") == repository.files[name], "\(name)") }
        #expect(temporary.names(in: ".incoming") == ["tiny.lock"])

        let manifest = try #require(try Manifest.read(directory: pulled.path))
        #expect(manifest.source == hub.address + "/openai/whisper-tiny")
        #expect(manifest.revision == "main")
        #expect(manifest.commit == FakeRepository.commit)
        #expect(manifest.files.count == 6)
        #expect(try store.verify("tiny").isSound)

        let progress = seen.withLock { $0 }
        let counts = progress.map(\.receivedByteCount)
        #expect(counts == counts.sorted())
        #expect(counts.last == pulled.byteCount)
        #expect(progress.allSatisfy { $0.totalByteCount == pulled.byteCount })
    }

    @Test func ctranslate2RepositoryIsPulled() async throws {
        let files = TemporaryStore.ctranslate2
        let hub = try FakeRepository(id: "Systran/faster-whisper-tiny", files: files).serve()
        let pulled = try await store.pull("Systran/faster-whisper-tiny", options: .test(hub.address))
        #expect(pulled.path == temporary.root + "/Systran--faster-whisper-tiny")
        #expect(temporary.names(in: "Systran--faster-whisper-tiny") == Set(Array(files.keys) + ["stapes.json"]))
    }

    @Test func shardedRepositoryIsPulled() async throws {
        let index = #"{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"#
        var files: [String: [UInt8]] = [
            "config.json": [1], "tokenizer.json": [2], "model.safetensors.index.json": Array(index.utf8),
            "model-00001-of-00002.safetensors": [3], "model-00002-of-00002.safetensors": [4],
        ]
        let hub = try FakeRepository(id: "a/b", files: files).serve()
        _ = try await store.pull("a/b", options: .test(hub.address))
        #expect(temporary.names(in: "a--b").isSuperset(of: files.keys))

        files["model-00002-of-00002.safetensors"] = nil
        let torn = try FakeRepository(id: "a/c", files: files).serve()
        let error = await store.pullFailure(.test(torn.address), of: "a/c")
        #expect(error?.code == .unsupportedRepository)
        #expect(error?.message.contains("model-00002-of-00002.safetensors") == true)
    }

    @Test func presentModelIsNotPulledAgainUnlessForced() async throws {
        let hub = try FakeRepository().serve()
        _ = try await store.pull("tiny", options: .test(hub.address))
        let before = hub.requests.count
        #expect(try await store.pull("tiny", options: .test(hub.address)).wasPresent)
        #expect(try await store.pull("openai/whisper-tiny", options: .test(hub.address)).wasPresent)
        #expect(hub.requests.count == before)

        try temporary.write(["model.safetensors": [0]], in: "tiny")
        var options = PullOptions.test(hub.address)
        options.isForced = true
        #expect(try await store.pull("tiny", options: options).wasPresent == false)
        #expect(try store.verify("tiny").isSound)
        #expect(temporary.names(in: ".incoming") == ["tiny.lock"])
    }

    @Test func verifyFindsChangedAndLostFiles() async throws {
        let hub = try FakeRepository().serve()
        _ = try await store.pull("tiny", options: .test(hub.address))
        var weights = FakeRepository.weights
        weights[1234] ^= 1
        try temporary.write(["model.safetensors": weights], in: "tiny")
        try temporary.write(["tokenizer.json": []], in: "tiny")
        let outcomes = try store.verify("tiny").files.filter { $0.outcome != .matches }.map(\.name)
        #expect(outcomes.contains("model.safetensors"))
        #expect(outcomes.contains("tokenizer.json"))
        #expect(try store.verify("tiny").isSound == false)
    }

    @Test func offlineFailsWithoutARequest() async throws {
        let hub = try FakeRepository().serve()
        var options = PullOptions.test(hub.address)
        options.isOffline = true
        let error = await store.pullFailure(options)
        #expect(error?.code == .offline)
        #expect(hub.requests.isEmpty)
        #expect(temporary.names(in: "").isEmpty)
    }

    @Test func unknownNameIsNotAskedFor() async throws {
        let error = await store.pullFailure(.test("http://127.0.0.1:1"), of: "bse")
        #expect(error?.code == .unknownModel)
    }

    @Test func secondPullOfAModelUnderWayIsRefused() async throws {
        let mayEnd = Mutex(false)
        let hub = try FakeRepository { name, _, _, reply in
            while name == "model.safetensors", !mayEnd.withLock({ $0 }) { Thread.sleep(forTimeInterval: 0.005) }
            return reply
        }.serve()
        let store = store
        let options = PullOptions.test(hub.address)
        let first = Task { try await store.pull("tiny", options: options) }
        while !hub.requests.contains(where: { $0.path.hasSuffix("model.safetensors") }) {
            try await Task.sleep(for: .milliseconds(5))
        }
        let error = await store.pullFailure(options)
        #expect(error?.code == .busy)
        #expect(throws: HubError.self) { try store.remove("tiny") }
        mayEnd.withLock { $0 = true }
        #expect(try await first.value.wasPresent == false)
    }

    @Test func filesOnALaterPageAreFound() async throws {
        let tree = "/api/models/a/b/tree/\(FakeRepository.commit)"
        let full = FakeRepository(id: "a/b", files: TemporaryStore.ctranslate2)
        let body = full.answer(.init(target: tree, headers: [:])).body
        let hub = try LocalHub { request in
            if request.target.hasPrefix(tree + "?recursive") {
                return .init(headers: ["Link": "<\(tree)?page=2>; rel=\"next\""], body: Array("[]".utf8))
            }
            return request.path == tree ? .init(body: body) : full.answer(request)
        }
        #expect(try await store.pull("a/b", options: .test(hub.address)).wasPresent == false)
    }
}
