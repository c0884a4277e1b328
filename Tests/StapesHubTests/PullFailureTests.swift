import StapesHub
import Synchronization
import Testing

@Suite struct PullFailureTests {
    private let temporary = TemporaryStore()
    private var store: ModelStore { temporary.store }

    @Test(arguments: ["config.json", "model.safetensors"]) func wrongContentIsNotInstalled(name: String) async throws {
        let hub = try FakeRepository { file, _, _, reply in
            var reply = reply
            if file == name { reply.body[0] ^= 1 }
            return reply
        }.serve()
        let error = await store.pullFailure(.test(hub.address))
        #expect(error?.code == .contentMismatch)
        #expect(error?.message.hasPrefix("\(name) does not have the hash") == true)
        #expect(store.list().isEmpty)
        // Nothing of it is kept to go on with, and it was asked for once.
        #expect(temporary.read(".incoming/tiny/\(name).part")?.isEmpty == true)
        #expect(hub.requests.filter { $0.path.hasSuffix("/" + name) }.count == 1)
    }

    @Test func longerContentIsNotInstalled() async throws {
        let hub = try FakeRepository { file, _, _, reply in
            var reply = reply
            if file == "model.safetensors" { reply.body.append(0) }
            return reply
        }.serve()
        let error = await store.pullFailure(.test(hub.address))
        #expect(error?.code == .contentMismatch)
        #expect(store.list().isEmpty)
    }

    @Test func hostThatNeverCompletesIsGivenUp() async throws {
        let hub = try FakeRepository { file, _, _, reply in
            file == "model.safetensors" ? .init(body: Array("<html>log in</html>".utf8)) : reply
        }.serve()
        let error = await store.pullFailure(.test(hub.address))
        #expect(error?.code == .interrupted)
        #expect(hub.requests.filter { $0.path.hasSuffix("model.safetensors") }.count == 5)
    }

    @Test func unknownRepositoryIsNotFound() async throws {
        let hub = try FakeRepository().serve()
        let error = await store.pullFailure(.test(hub.address), of: "no/such")
        #expect(error?.code == .notFound)
        let advice = "a private one needs a token in HF_TOKEN"
        #expect(error?.message == "\(hub.address) knows no model 'no/such'; \(advice)")
    }

    @Test func hubsOwnAnswerForAnUnknownRepositoryIsNotFound() async throws {
        let headers = ["X-Error-Code": "RepoNotFound", "WWW-Authenticate": "Bearer realm=\"Authentication required\""]
        let hub = try LocalHub { _ in .init(status: 401, headers: headers, body: Array("no".utf8)) }
        #expect(await store.pullFailure(.test(hub.address), of: "no/such")?.code == .notFound)
    }

    @Test(arguments: ["Bearer", "Bearer realm=\"hub\"", ""]) func refusedAccessAsksForAToken(challenge: String)
        async throws
    {
        let hub = try LocalHub { _ in
            .init(status: 401, headers: challenge.isEmpty ? [:] : ["WWW-Authenticate": challenge])
        }
        var options = PullOptions.test(hub.address)
        #expect(await store.pullFailure(options)?.message.hasSuffix("a token is needed in HF_TOKEN") == true)
        options.token = "secret"
        let error = await store.pullFailure(options)
        #expect(error?.code == .unauthorized)
        #expect(error?.message.hasSuffix("the token in HF_TOKEN is not accepted") == true)
    }

    @Test func gatedRepositoryNamesItsTerms() async throws {
        let hub = try LocalHub { _ in .init(status: 403, headers: ["X-Error-Code": "GatedRepo"]) }
        let error = await store.pullFailure(.test(hub.address))
        #expect(error?.code == .unauthorized)
        #expect(error?.message.contains("is gated") == true)
    }

    @Test func refusedConnectionFailsAtOnce() async throws {
        var options = PullOptions.test("http://127.0.0.1:\(try LocalHub.freePort())")
        // What it would take to wait for an answer, far above what a refusal takes on any machine.
        options.timeouts.connect = .seconds(120)
        let start = ContinuousClock.now
        let error = await store.pullFailure(options)
        #expect(error?.code == .unreachable)
        #expect(error?.message.hasSuffix("the connection was refused") == true)
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test func silentHostIsGivenUpAfterTheConnectTimeout() async throws {
        let hub = try LocalHub { _ in .init(delay: .seconds(300)) }
        var options = PullOptions.test(hub.address)
        options.timeouts.connect = .milliseconds(300)
        let start = ContinuousClock.now
        #expect(await store.pullFailure(options)?.code == .timedOut)
        #expect(ContinuousClock.now - start < .seconds(100))
    }

    @Test func busyHubIsAskedAgain() async throws {
        let count = Mutex(0)
        let repository = FakeRepository()
        let hub = try LocalHub { request in
            let isFirst = count.withLock { count in
                count += 1
                return count % 2 == 1
            }
            return isFirst ? .init(status: 503, headers: ["Retry-After": "0"]) : repository.answer(request)
        }
        #expect(await store.pullFailure(.test(hub.address)) == nil)
    }

    @Test(arguments: ["nonsense", "{}", #"[{"type":"file","path":"config.json","size":3}]"#])
    func unusableFileListIsRefused(list: String) async throws {
        let tree = "/api/models/openai/whisper-tiny/tree/\(FakeRepository.commit)"
        let hub = try FakeRepository(overrides: [tree: .init(body: Array(list.utf8))]).serve()
        #expect(await store.pullFailure(.test(hub.address))?.code == .badResponse)
    }

    @Test(arguments: ["config.json", "tokenizer.json", "model.safetensors"])
    func repositoryWithoutANeededFileIsRefusedBeforeDownloads(name: String) async throws {
        let hub = try FakeRepository(files: FakeRepository.safetensors.filter { $0.key != name }).serve()
        #expect(await store.pullFailure(.test(hub.address))?.code == .unsupportedRepository)
        #expect(!hub.requests.contains { $0.path.contains("/resolve/") })
    }

    @Test func modelLargerThanTheDiskIsRefusedBeforeDownloads() async throws {
        let hub = try FakeRepository(listedSizes: ["model.safetensors": 1 << 60]).serve()
        let error = await store.pullFailure(.test(hub.address))
        #expect(error?.code == .noSpace)
        #expect(!hub.requests.contains { $0.path.contains("/resolve/") })
    }

    @Test func rootThatCannotBeMadeIsNamed() async throws {
        try temporary.write(["file": [1]], in: "")
        let hub = try FakeRepository().serve()
        let store = ModelStore(root: temporary.root + "/file/models")
        let error = await store.pullFailure(.test(hub.address))
        #expect(error?.code == .fileSystem)
        #expect(error?.message.contains(temporary.root + "/file/models") == true)
        #expect(hub.requests.isEmpty)
    }

    @Test func cancelledPullKeepsItsBytes() async throws {
        let hub = try FakeRepository { name, _, _, reply in
            var reply = reply
            if name == "model.safetensors" { (reply.sentByteCount, reply.hold) = (60_000, .seconds(300)) }
            return reply
        }.serve()
        let store = store
        let task = Task { try await store.pull("tiny", options: .test(hub.address)) }
        while temporary.read(".incoming/tiny/model.safetensors.part")?.count != 60_000 {
            try await Task.sleep(for: .milliseconds(5))
        }
        task.cancel()
        let error = await #expect(throws: HubError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(temporary.read(".incoming/tiny/model.safetensors.part")?.count == 60_000)
    }
}
