import StapesHub
import Testing

@Suite struct RedirectTests {
    private let temporary = TemporaryStore()
    private var store: ModelStore { temporary.store }

    /// A hub that sends those who want the weights to another address, and everyone who wants more to a third path.
    private func redirecting(to location: @escaping @Sendable (_ name: String) -> String?) -> FakeRepository {
        FakeRepository { name, _, _, reply in
            guard let target = location(name) else { return reply }
            return .init(status: 302, headers: ["Location": target, "ETag": "\"pointer\""], body: Array("Found".utf8))
        }
    }

    @Test func tokenStaysWithTheHub() async throws {
        let content = FakeRepository()
        let storage = try LocalHub { content.content("model.safetensors", for: $0) }
        let place = storage.address + "/blob?signature=hidden"
        let hub = try redirecting { $0 == "model.safetensors" ? place : nil }.serve()
        var options = PullOptions.test(hub.address)
        options.token = "secret"
        _ = try await store.pull("tiny", options: options)

        #expect(hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer secret" })
        #expect(storage.requests.map(\.target) == ["/blob?signature=hidden"])
        #expect(storage.requests.allSatisfy { $0.headers["authorization"] == nil })
        #expect(!String(decoding: temporary.read("tiny/stapes.json") ?? [], as: UTF8.self).contains("secret"))
        #expect(temporary.read("tiny/model.safetensors") == FakeRepository.weights)
    }

    @Test func rangeFollowsTheRedirect() async throws {
        let content = FakeRepository()
        let storage = try LocalHub { request in
            var reply = content.content("model.safetensors", for: request)
            if request.headers["range"] == nil { reply.sentByteCount = 80_000 }
            return reply
        }
        let place = storage.address + "/blob"
        let hub = try redirecting { $0 == "model.safetensors" ? place : nil }.serve()
        _ = try await store.pull("tiny", options: .test(hub.address))
        #expect(storage.requests.map { $0.headers["range"] } == [nil, "bytes=80000-"])
        // The tag is that of the host that sent the bytes.
        #expect(storage.requests.last?.headers["if-range"] == "\"tag-of-model.safetensors\"")
    }

    @Test func relativeRedirectStaysOnTheHub() async throws {
        let content = FakeRepository()
        let hub = try LocalHub { request in
            if request.path == "/moved/config.json" { return content.content("config.json", for: request) }
            if request.path.hasSuffix("/config.json") {
                return .init(status: 307, headers: ["Location": "/moved/config.json"])
            }
            return content.answer(request)
        }
        var options = PullOptions.test(hub.address)
        options.token = "secret"
        _ = try await store.pull("tiny", options: options)
        let moved = try #require(hub.requests.first { $0.path.hasPrefix("/moved") })
        #expect(moved.headers["authorization"] == "Bearer secret")
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", ""]) func redirectToNoWebAddressIsRefused(
        location: String
    ) async throws {
        let hub = try redirecting { $0 == "config.json" ? location : nil }.serve()
        let error = await store.pullFailure(.test(hub.address))
        #expect(error?.code == .badResponse)
    }

    @Test func redirectInACircleEnds() async throws {
        let hub = try LocalHub { request in .init(status: 302, headers: ["Location": request.target]) }
        let error = await store.pullFailure(.test(hub.address))
        #expect(error?.code == .badResponse)
        #expect(hub.requests.count == 9)
    }
}
