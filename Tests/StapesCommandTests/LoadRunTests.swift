import FoundationEssentials
import StapesCommand
import StapesTesting
import Synchronization
import Testing

@Suite struct LoadRunTests {
    private static let lines = [
        #"{"audio": "a", "text": "red green", "language": "en", "duration": 31}"#,
        #"{"audio": "b", "text": "blue", "language": "german", "duration": 4}"#,
        #"{"audio": "c", "expect": "empty", "duration": 5}"#,
        #"{"audio": "d", "expect": "error", "duration": 5}"#,
    ]

    private func items(_ server: ScriptedServer, givesLanguage: Bool = true) throws -> [LoadItem] {
        let folder = try TemporaryDirectory()
        let path = try folder.write(Self.lines.joined(separator: "\n"), to: "m.jsonl")
        for name in ["a", "b", "c", "d"] { try folder.write("bytes of \(name).", to: name) }
        return try LoadItem.items(
            of: try SpeechManifest(path: path, categories: []), target: try ServeTarget(server.address),
            endpoint: "/audio/transcriptions", apiKey: nil, form: [(name: "model", value: "m")],
            givesLanguage: givesLanguage)
    }

    private func row(
        _ server: ScriptedServer, workers: Int = 3, duration: Duration = .milliseconds(300), abandonShare: Double = 0,
        texts: inout TextRecord
    ) async throws -> ServeReport.Row {
        let items = try items(server)
        let run = LoadRun(
            items: items, target: try ServeTarget(server.address), transport: .socket, format: .json,
            timeout: .seconds(30), abandonShare: abandonShare, seed: 7)
        let samples = await run.run(workers: workers, duration: duration)
        return ServeReport.Row(
            concurrency: workers, samples: samples, items: items, scorer: Scorer(), texts: &texts, clientCpuSeconds: 0)
    }

    private static func text(_ body: String) -> String {
        body.contains("bytes of a.") ? "red grey" : body.contains("bytes of b.") ? "blue" : ""
    }

    @Test func everyWorkerHasItsConnectionAndTextsAreScored() async throws {
        let server = try ScriptedServer { request in
            var reply = ScriptedServer.transcript(Self.text(request.body))
            reply.delay = .milliseconds(5)
            return reply
        }
        var texts = TextRecord()
        let row = try await row(server, texts: &texts)
        #expect(server.connectionCount == 3)
        #expect(row.requests == server.requests.count && row.requests >= 6)
        #expect(row.failed == 0 && row.differing == 0 && row.distinctFiles == 3)
        #expect(row.statuses == ["200": row.requests])
        // One word of three is wrong, in proportion to how often each file was sent.
        let counts = Dictionary(uniqueKeysWithValues: texts.entries.map { ($0.audio, $0.count) })
        let (a, b, c) = (counts["a"] ?? 0, counts["b"] ?? 0, counts["c"] ?? 0)
        #expect(row.errorRate == Double(a) / Double(2 * a + b))
        let wall = row.wallSeconds
        #expect(row.rtfx == Double(31 * a + 4 * b + 5 * c) / wall)
        #expect(row.windowsPerS == Double(2 * a + b + c) / wall)
        #expect(row.reqPerS == Double(row.requests) / wall)
        #expect(try #require(row.latencyP50S) >= 0.005)
        #expect(row.latencyP50S! <= row.latencyP95S! && row.latencyP99S! <= row.latencyMaxS!)
        let bodies = server.requests.map(\.body)
        #expect(!bodies.contains { $0.contains("bytes of d.") })
        #expect(bodies.allSatisfy { !$0.contains("bytes of b.") || $0.contains("name=\"language\"\r\n\r\nde\r\n") })
    }

    @Test func everyFileIsSentAsOftenAsThereArePasses() async throws {
        let server = try ScriptedServer { ScriptedServer.transcript(Self.text($0.body)) }
        let run = LoadRun(
            items: try items(server), target: try ServeTarget(server.address), transport: .socket, format: .json,
            timeout: .seconds(30), seed: 7)
        let samples = await run.run(workers: 2, duration: .seconds(60), passes: 4)
        let counts = Dictionary(grouping: samples, by: \.item).mapValues(\.count)
        #expect(counts.values.allSatisfy { $0 == 4 } && counts.count == 3)
    }

    @Test func otherTextThanTheFirstIsCounted() async throws {
        let server = try ScriptedServer { request in
            ScriptedServer.transcript(request.index == 5 ? "something else" : Self.text(request.body))
        }
        var texts = TextRecord()
        let row = try await row(server, workers: 1, texts: &texts)
        #expect(row.differing == 1)
        #expect(texts.entries.contains { $0.text == "something else" && $0.count == 1 })

        let folder = try TemporaryDirectory()
        let path = try folder.write(try texts.lines(), to: "texts.jsonl")
        var reference = try TextRecord(reference: path)
        #expect(reference.entries.isEmpty)
        let differ = [("red grey", "a"), ("red green", "a"), ("anything", "new file")].map { text, audio in
            reference.add(text, of: audio)
        }
        #expect(differ == [false, true, false])
    }

    @Test func refusalsAreCountedByStatusAndPausedAfter() async throws {
        let server = try ScriptedServer { request in
            request.index % 2 == 0
                ? ScriptedServer.answer(
                    #"{"error":{"message":"queue full"}}"#, status: "429 Too Many Requests",
                    fields: "Retry-After: 0\r\n")
                : ScriptedServer.answer("<html>", status: "500 Error")
        }
        var texts = TextRecord()
        let row = try await row(server, workers: 1, duration: .milliseconds(350), texts: &texts)
        #expect(row.requests == row.failed && row.requests > 1)
        #expect(row.statuses.keys.sorted() == ["429", "500"])
        // Without a Retry-After every failure is paused after.
        #expect(row.statuses["500"]! <= 4)
        #expect(row.firstFailure?.hasSuffix(": status 429: queue full") == true)
        #expect(row.errorRate == nil && row.latencyP50S == nil && row.reqPerS == 0)
    }

    @Test func abandonedRequestsAreHungUpOn() async throws {
        let server = try ScriptedServer { request in
            var reply = ScriptedServer.transcript(Self.text(request.body))
            reply.delay = .milliseconds(50)
            return reply
        }
        var texts = TextRecord()
        let row = try await row(server, workers: 4, duration: .seconds(1), abandonShare: 0.5, texts: &texts)
        #expect(row.abandoned > 0 && row.requests > 0 && row.failed == 0)
        #expect(server.connectionCount > 4)
    }

    @Test func quantilesAreValuesThatOccurred() {
        let values = (1...100).map(Double.init)
        #expect(ServeReport.Row.quantile(0.5, of: values) == 50)
        #expect(ServeReport.Row.quantile(0.99, of: values) == 99)
        #expect(ServeReport.Row.quantile(0.99, of: [1, 2, 3]) == 3)
        #expect(ServeReport.Row.quantile(0.5, of: [4]) == 4)
        #expect(ServeReport.Row.quantile(0.5, of: []) == nil)
    }

    @Test func textsOfAllFormatsAreRead() {
        func text(_ body: String, _ format: ResponseFormat) -> String? {
            AnswerReading.text(Array(body.utf8), format: format)
        }
        #expect(text(#"{"text":"a \u00e4","usage":{"type":"duration","seconds":1}}"#, .json) == "a ä")
        #expect(text(#"{"task":"transcribe","duration":1.5,"text":"a","segments":[]}"#, .verboseJson) == "a")
        #expect(text("a\n", .text) == "a\n")
        #expect(text("data: {}", .json) == nil)
        #expect(text(#"{"error":"x"}"#, .json) == nil)
    }
}

/// The whole command against a server in this process.
@Suite struct BenchServeProcessTests {
    private func run(_ server: String, _ arguments: [String] = []) async throws -> StapesProcess {
        let folder = try TemporaryDirectory()
        let path = try folder.write(#"{"audio": "a", "text": "one", "language": "en", "duration": 3}"#, to: "m.jsonl")
        try folder.write("bytes", to: "a")
        return try await StapesProcess.run(
            ["bench", "serve", "--url", server, "--manifest", path, "--duration", "0.2"] + arguments)
    }

    @Test func jsonHasTheKeysThatAreReliedOn() async throws {
        let server = try ScriptedServer { _ in ScriptedServer.transcript("one") }
        let process = try await run(
            server.address,
            ["--concurrency", "1,2", "--json", "--api-key", "k", "--field", "temperature=0", "--model", "some/model"])
        #expect(process.status == 0, "\(process.messages)")
        let report = try JSONDecoder().decode([String: AnyJSON].self, from: Data(process.output.utf8))
        let rows = try #require(report["rows"]?.array)
        #expect(rows.count == 2)
        for key in [
            "concurrency", "requests", "failed", "req_per_s", "rtfx", "windows_per_s", "latency_p50_s",
            "latency_p95_s", "latency_p99_s", "error_rate", "differing", "wall_seconds", "statuses",
        ] {
            #expect(rows.allSatisfy { $0.object?[key] != nil }, "\(key)")
        }
        #expect(rows[1].object?["error_rate"] == .number(0))
        #expect(server.requests[0].body.contains("name=\"temperature\"\r\n\r\n0\r\n"))
        #expect(server.requests[0].body.contains("name=\"model\"\r\n\r\nsome/model\r\n"))
    }

    @Test func serverThatIsNotThereIsOneClearError() async throws {
        let process = try await run("http://127.0.0.1:1")
        #expect(process.status == 1)
        #expect(
            process.messages
                == "stapes: http://127.0.0.1:1/v1: cannot reach 127.0.0.1:1: connection refused\n")
    }

    @Test func refusedKeyIsOneClearError() async throws {
        let server = try ScriptedServer { _ in
            ScriptedServer.answer(#"{"error":{"message":"no such key"}}"#, status: "401 Unauthorized")
        }
        let process = try await run(server.address)
        #expect(process.status == 1)
        #expect(process.messages == "stapes: \(server.address)/v1: status 401: no such key\n")
        #expect(server.requests.count == 1)
    }

    @Test func onlyFailuresEndWithStatusOneAndATable() async throws {
        let server = try ScriptedServer { _ in ScriptedServer.answer("oops", status: "500 Error") }
        let process = try await run(server.address)
        #expect(process.status == 1)
        #expect(process.output.contains("first failure: a: status 500: oops\n"))
    }

    @Test func wrongNumbersAreUsageErrors() async throws {
        for arguments in [
            ["--concurrency", "0"], ["--abandon", "2"], ["--field", "x"], ["--timeout", "-1"],
            ["--api-key", "a\r\nb: c"],
        ] {
            #expect(try await run("http://127.0.0.1:1", arguments).status == ExitStatus.usage.rawValue)
        }
        #expect(try await run("nonsense").status == ExitStatus.usage.rawValue)
    }
}
