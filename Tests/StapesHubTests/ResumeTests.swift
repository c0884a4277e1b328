import StapesHub
import Testing

@Suite struct ResumeTests {
    private let temporary = TemporaryStore()
    private var store: ModelStore { temporary.store }
    private let weights = "model.safetensors"

    /// Requests for the weights, as their Range headers.
    private func ranges(_ hub: LocalHub) -> [String?] {
        hub.requests.filter { $0.path.hasSuffix("/" + weights) }.map { $0.headers["range"] }
    }

    /// The first answer for the weights ends after that many bytes.
    private func cutOnce(after count: Int) -> FakeRepository.Rule {
        { name, earlier, _, reply in
            var reply = reply
            if name == "model.safetensors" && earlier == 0 { reply.sentByteCount = count }
            return reply
        }
    }

    @Test func cutTransferGoesOnWithinThePull() async throws {
        let hub = try FakeRepository(rule: cutOnce(after: 100_000)).serve()
        _ = try await store.pull("tiny", options: .test(hub.address))
        #expect(ranges(hub) == [nil, "bytes=100000-"])
        #expect(temporary.read("tiny/" + weights) == FakeRepository.weights)
    }

    @Test func cutTransferGoesOnInTheNextPull() async throws {
        let hub = try FakeRepository(rule: cutOnce(after: 123_456)).serve()
        var options = PullOptions.test(hub.address)
        options.attempts = 1
        let error = await store.pullFailure(options)
        #expect(error?.code == .interrupted)
        #expect(temporary.read(".incoming/tiny/\(weights).part")?.count == 123_456)
        #expect(store.list().isEmpty)

        let before = hub.requests.count
        _ = try await store.pull("tiny", options: options)
        #expect(ranges(hub) == [nil, "bytes=123456-"])
        // Commit, list and the weights: the finished files are not asked for again.
        #expect(hub.requests.count == before + 3)
        #expect(temporary.read("tiny/" + weights) == FakeRepository.weights)
    }

    @Test func hostThatIgnoresRangesSendsAllAgain() async throws {
        let repository = FakeRepository { name, earlier, request, _ in
            var reply = FakeRepository().content(name, for: .init(target: request.target, headers: [:]))
            if name == "model.safetensors" && earlier == 0 { reply.sentByteCount = 50_000 }
            return reply
        }
        let hub = try repository.serve()
        _ = try await store.pull("tiny", options: .test(hub.address))
        #expect(ranges(hub) == [nil, "bytes=50000-"])
        #expect(temporary.read("tiny/" + weights) == FakeRepository.weights)
    }

    @Test func wrongRangeIsNotAppended() async throws {
        let cut = cutOnce(after: 50_000)
        let hub = try FakeRepository { name, earlier, request, reply in
            var reply = cut(name, earlier, request, reply)
            if reply.status == 206 { reply.headers["Content-Range"] = "bytes 49999-299999/300000" }
            return reply
        }.serve()
        _ = try await store.pull("tiny", options: .test(hub.address))
        #expect(ranges(hub) == [nil, "bytes=50000-", nil])
        #expect(temporary.read("tiny/" + weights) == FakeRepository.weights)
    }

    @Test func changedEntityTagStartsOver() async throws {
        let cut = cutOnce(after: 50_000)
        let repository = FakeRepository { name, earlier, request, reply in
            var reply = cut(name, earlier, request, reply)
            // The bytes before the cut came from a host with another file.
            if earlier == 0 {
                reply.headers["ETag"] = "\"another\""
                reply.body = reply.body.map { ~$0 }
            }
            return name == "model.safetensors" ? reply : FakeRepository().content(name, for: request)
        }
        let hub = try repository.serve()
        _ = try await store.pull("tiny", options: .test(hub.address))
        #expect(hub.requests.last?.headers["if-range"] == "\"another\"")
        #expect(temporary.read("tiny/" + weights) == FakeRepository.weights)
    }

    @Test func spoiledPartialFileIsFetchedAnewOnce() async throws {
        let hub = try FakeRepository(rule: cutOnce(after: 90_000)).serve()
        var options = PullOptions.test(hub.address)
        options.attempts = 1
        _ = await store.pullFailure(options)
        try temporary.write([weights + ".part": Array(repeating: 7, count: 90_000)], in: ".incoming/tiny")
        _ = try await store.pull("tiny", options: options)
        #expect(ranges(hub) == [nil, "bytes=90000-", nil])
        #expect(try store.verify("tiny").isSound)
    }

    @Test func partialFileOfOtherContentIsDropped() async throws {
        try temporary.write(
            [
                weights + ".part": [1, 2, 3], weights + ".part.json": Array(#"{"digest":"00"}"#.utf8),
                "model.bin.part": [9], "config.json": Array("older".utf8),
            ], in: ".incoming/tiny")
        let hub = try FakeRepository().serve()
        _ = try await store.pull("tiny", options: .test(hub.address))
        #expect(ranges(hub) == [nil])
        #expect(temporary.read("tiny/config.json") == FakeRepository.safetensors["config.json"])
        #expect(!temporary.names(in: "tiny").contains("model.bin.part"))
    }

    @Test func stalledTransferIsCutAndGoesOn() async throws {
        let hub = try FakeRepository { name, earlier, _, reply in
            var reply = reply
            if name == "model.safetensors" && earlier == 0 {
                (reply.sentByteCount, reply.hold) = (70_000, .seconds(300))
            }
            return reply
        }.serve()
        var options = PullOptions.test(hub.address)
        options.timeouts.stall = .seconds(2)
        let start = ContinuousClock.now
        _ = try await store.pull("tiny", options: options)
        #expect(ContinuousClock.now - start < .seconds(100))
        #expect(ranges(hub) == [nil, "bytes=70000-"])
    }
}
