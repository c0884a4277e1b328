import Glibc
import Stapes
import StapesAPI
import StapesServer
import Testing

@Suite("A server at work", .serialized)
struct ServerTests {
    @Test("A form with a file is answered with its text, and the connection goes on")
    func transcribes() async throws {
        try await RunningServer.with { running in
            let port = running.port
            try await onThread {
                let client = try RawClient(port: port)
                let form = TestForm(fields: [("model", "tiny.en"), ("priority", "-3")])
                for _ in 0..<2 {
                    try client.send(form.head())
                    try client.send(form.body)
                    let answer = try client.answer()
                    #expect(answer.status == 200)
                    #expect(answer.text.contains("\"One. Two. Three.\""))
                    #expect(answer.fields["content-type"]?.hasPrefix("application/json") == true)
                    #expect(answer.fields["x-request-id"]?.hasPrefix("req_") == true)
                }
            }
            #expect(running.speech.calls.map(\.priority) == [-3, -3])
            #expect(running.speech.calls.map(\.byteCount) == [8, 8])
        }
    }

    @Test("A client that waits to be asked for its body is asked at once")
    func expects() async throws {
        try await RunningServer.with { running in
            let port = running.port
            try await onThread {
                let client = try RawClient(port: port)
                let form = TestForm()
                try client.send(form.head(path: "/v1/audio/transcriptions", "Expect: 100-continue\r\n"))
                #expect(try client.answer().status == 100)
                try client.send(form.body)
                #expect(try client.answer().status == 200)
            }
        }
    }

    @Test("A body that is announced too large is refused without being asked for, one that grows too large on the way")
    func tooLarge() async throws {
        try await RunningServer.set { $0.limits.bodyBytes = 100_000 }.run { running in
            let port = running.port
            try await onThread {
                let client = try RawClient(port: port)
                try client.send(TestForm().head(length: 200_000, "Expect: 100-continue\r\n"))
                let answer = try client.answer()
                #expect(answer.status == 413)
                #expect(answer.text.contains("Maximum content size limit (100000) exceeded"))

                let chunked = try RawClient(port: port)
                let form = TestForm(file: [UInt8](repeating: 1, count: 150_000))
                try chunked.send(
                    form.head().replacing(
                        "Content-Length: \(form.body.count)\r\n", with: "Transfer-Encoding: chunked\r\n"))
                // The server answers in the middle, and the rest is still taken by somebody.
                for start in stride(from: 0, to: form.body.count, by: 10_000) {
                    let part = form.body[start..<min(start + 10_000, form.body.count)]
                    try chunked.send(Array("\(String(part.count, radix: 16))\r\n".utf8) + part + Array("\r\n".utf8))
                }
                try chunked.send("0\r\n\r\n")
                #expect(try chunked.answer().status == 413)
                #expect(try chunked.isAtEnd())
            }
            #expect(running.speech.calls.isEmpty)
            try await running.eventually("spooled bytes are given back") { running.gauge(.spoolBytes) == 0 }
        }
    }

    @Test("A large upload goes through a file and arrives whole")
    func spools() async throws {
        try await RunningServer.set { $0.limits.uploadMemoryBytes = 1000 }.run { running in
            let form = TestForm(file: [UInt8](repeating: 7, count: 300_001))
            #expect(try await running.ask(form.head(), body: form.body).status == 200)
            #expect(running.speech.calls.map(\.byteCount) == [300_001])
            try await running.eventually("spooled bytes are given back") { running.gauge(.spoolBytes) == 0 }
        }
    }

    @Test("A full queue answers 429 with the time to wait, and everything is served in the end")
    func queueFull() async throws {
        try await RunningServer.set {
            $0.limits.activeRequests = 1
            $0.limits.queuedRequests = 1
        }.run { running in
            running.speech.hold()
            let form = TestForm()
            async let first = running.ask(form.head(), body: form.body)
            try await running.eventually("the first is at work") { running.speech.running == 1 }
            async let second = running.ask(form.head(), body: form.body)
            try await running.eventually("the second waits") { running.gauge(.queueDepth) == 1 }
            let third = try await running.ask(form.head(), body: form.body)
            #expect(third.status == 429)
            #expect(third.fields["retry-after"] == "1")
            #expect(third.text.contains("queue_full"))
            running.speech.release()
            #expect(try await first.status == 200)
            #expect(try await second.status == 200)
            #expect(running.gauge(.queueDepth) == 0)
            try await running.eventually("nobody is at work") { running.gauge(.activeRequests) == 0 }
        }
    }

    @Test("Work stops when its client hangs up, at work or waiting, streamed or not", arguments: [false, true])
    func hangsUp(streams: Bool) async throws {
        try await RunningServer.set { $0.limits.activeRequests = 1 }.run { running in
            running.speech.hold()
            let form = TestForm(fields: streams ? [("stream", "true")] : [])
            let port = running.port
            let (speech, registry) = (running.speech, running.registry)
            try await onThread {
                let clients = [try RawClient(port: port), try RawClient(port: port)]
                for client in clients {
                    try client.send(form.head())
                    try client.send(form.body)
                }
                // Both are where they should be before they go.
                for _ in 0..<1000 {
                    let waiting = registry.value(ServerMetricName.queueDepth.rawValue)
                    if speech.running == 1, waiting == 1 { break }
                    usleep(10_000)
                }
                withExtendedLifetime(clients) { #expect(speech.running == 1) }
            }
            try await running.eventually("one at work was cancelled") { running.speech.cancelled >= 1 }
            try await running.eventually("nobody is at work or waits") {
                running.gauge(.activeRequests) == 0 && running.gauge(.queueDepth) == 0 && running.speech.running == 0
            }
            try await running.eventually("the upload is gone") { running.gauge(.spoolBytes) == 0 }
        }
    }

    @Test("A request behind a stream is answered after it, and one that waits to be asked is asked then")
    func pipelined() async throws {
        try await RunningServer.with { running in
            running.speech.hold()
            let form = TestForm(fields: [("stream", "true")])
            let (port, speech) = (running.port, running.speech)
            try await onThread {
                let client = try RawClient(port: port)
                try client.send(form.head())
                try client.send(form.body)
                _ = try client.line(until: "One.")
                let second = TestForm()
                try client.send(second.head("Expect: 100-continue\r\n"))
                usleep(50_000)
                speech.release()
                _ = try client.line(until: "0\r\n\r\n")
                #expect(try client.answer().status == 100)
                try client.send(second.body)
                #expect(try client.answer().status == 200)
            }
        }
    }

    @Test("What cannot be read is answered 400, and HEAD has a head alone")
    func heads() async throws {
        try await RunningServer.with { running in
            #expect(try await running.ask("GET / HTTP/1.1\r\nno field\r\n\r\n").status == 400)
            let port = running.port
            try await onThread {
                let client = try RawClient(port: port)
                for path in ["/health/live", "/v1/models", "/v1/models/none"] {
                    try client.send("HEAD \(path) HTTP/1.1\r\nHost: test\r\n\r\n")
                    let head = try client.line(until: "\r\n\r\n")
                    #expect(head.hasPrefix("HTTP/1.1 \(path.hasSuffix("none") ? 404 : 200)"))
                }
                try client.send("GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n")
                #expect(try client.answer().text.contains("ok"))
            }
        }
    }

    @Test("A client that goes away in its upload is no fault of the server's, and leaves nothing")
    func brokenUpload() async throws {
        try await RunningServer.with { running in
            let port = running.port
            try await onThread {
                let client = try RawClient(port: port)
                let form = TestForm(file: [UInt8](repeating: 1, count: 100_000))
                try client.send(form.head())
                try client.send(Array(form.body.prefix(50_000)))
            }
            try await running.eventually("nobody uploads") {
                running.gauge(.uploads) == 0 && running.gauge(.spoolBytes) == 0 && running.gauge(.connections) == 0
            }
            let text = try await running.ask("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n").text
            #expect(!text.contains(#"status="500""#))
            #expect(running.speech.calls.isEmpty)
        }
    }

    @Test("A client that takes nothing of its answer is closed, and its work ends")
    func stalled() async throws {
        try await RunningServer.set {
            $0.limits.idleSeconds = 0.3
            $0.limits.activeRequests = 1
        }.run { running in
            running.speech.say(texts: [String](repeating: " " + String(repeating: "word ", count: 20_000), count: 200))
            let form = TestForm(fields: [("stream", "true")])
            let (port, registry) = (running.port, running.registry)
            try await onThread {
                let client = try RawClient(port: port, receiveBufferBytes: 4096)
                try client.send(form.head())
                try client.send(form.body)
                for _ in 0..<1000 {
                    if registry.value(ServerMetricName.connections.rawValue) == 0 { break }
                    usleep(10_000)
                }
                #expect(registry.value(ServerMetricName.connections.rawValue) == 0)
            }
            try await running.eventually("nobody is at work") { running.gauge(.activeRequests) == 0 }
        }
    }

    @Test("Keys are asked for on the API alone")
    func keys() async throws {
        try await RunningServer.set { $0.keys = ["secret"] }.run { running in
            for (path, key, status) in [
                ("/v1/models", "", 401), ("/v1/models", "Authorization: Bearer wrong\r\n", 401),
                ("/v1/models", "Authorization: Bearer secret\r\n", 200), ("/v1/models", "X-API-Key: secret\r\n", 200),
                ("//v1/models", "", 401), ("/v1//models", "", 401), ("/v1/nothing", "", 404), ("/health/live", "", 200),
                ("/metrics", "", 200), ("/", "", 200),
                ("/v1/realtime", "", 401), ("/v1/models/tiny.en", "", 401), ("http://test/v1/models", "", 401),
            ] {
                let answer = try await running.ask("GET \(path) HTTP/1.1\r\nHost: test\r\n\(key)\r\n")
                #expect(answer.status == status, "\(path) \(key)")
                #expect(answer.fields["x-request-id"] != nil)
            }
        }
    }

    @Test("What is not there is 404, and what is there but not for this method 405 with those that are")
    func unknown() async throws {
        try await RunningServer.with { running in
            let missing = try await running.ask("GET /v2 HTTP/1.1\r\nHost: test\r\n\r\n")
            #expect(missing.status == 404)
            #expect(missing.text.contains("\"error\""))
            let method = try await running.ask("GET /v1/audio/transcriptions HTTP/1.1\r\nHost: test\r\n\r\n")
            #expect(method.status == 405)
            #expect(method.fields["allow"] == "POST")
            let model = try await running.ask("GET /v1/models/openai/whisper-huge HTTP/1.1\r\nHost: test\r\n\r\n")
            #expect(model.status == 404)
            #expect(model.text.contains("model_not_found"))
        }
    }

    @Test("The document lists the routes that there are")
    func document() async throws {
        try await RunningServer.with { running in
            for route in OpenAPI.routes {
                let method = route.method
                let path = route.path.replacing("{id}", with: "tiny.en")
                let answer = try await running.ask(
                    "\(method) \(path) HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n")
                #expect(![404, 405, 500].contains(answer.status), "\(method) \(path): \(answer.status)")
            }
        }
    }

    @Test("While the model loads the server lives, is not ready, and says so")
    func loading() async throws {
        try await RunningServer.with(loads: false) { running in
            #expect(try await running.ask("GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n").status == 200)
            #expect(try await running.ask("GET /health/ready HTTP/1.1\r\nHost: test\r\n\r\n").status == 503)
            let form = TestForm()
            let answer = try await running.ask(form.head(), body: form.body)
            #expect(answer.status == 503)
            #expect(answer.fields["retry-after"] != nil)
        }
    }

    @Test("A server that is told to stop finishes what it has and refuses what comes")
    func stops() async throws {
        try await RunningServer.with { running in
            running.speech.hold()
            let form = TestForm()
            async let answer = running.ask(form.head(), body: form.body)
            try await running.eventually("it is at work") { running.speech.running == 1 }
            await running.server.stop()
            // Nobody else is let in, however that shows: the address is closed, or will not answer.
            let late = try? await running.ask("GET /health/ready HTTP/1.1\r\nHost: test\r\n\r\n")
            #expect(late?.status != 200)
            running.speech.release()
            #expect(try await answer.status == 200)
        }
    }

    @Test("What is not finished in time is cancelled, and the server still ends")
    func stopsInTime() async throws {
        try await RunningServer.set { $0.drainSeconds = 0.2 }.run { running in
            running.speech.hold()
            let form = TestForm()
            let port = running.port
            async let client: Void = onThread {
                let client = try RawClient(port: port)
                try client.send(form.head())
                try client.send(form.body)
                // Whatever comes, it comes soon.
                _ = try? client.answer()
            }
            try await running.eventually("it is at work") { running.speech.running == 1 }
            await running.server.stop()
            try await running.eventually("it was cancelled") { running.speech.cancelled == 1 }
            try await client
        }
    }

    @Test("A request that takes longer than it may is given up")
    func deadline() async throws {
        try await RunningServer.with { running in
            running.speech.hold()
            let form = TestForm(fields: [("timeout", "0.1")])
            let answer = try await running.ask(form.head(), body: form.body)
            #expect(answer.status == 408)
            #expect(answer.fields["x-should-retry"] == "false")
            try await running.eventually("it was cancelled") { running.speech.cancelled == 1 }
        }
    }

    @Test("A client that is too slow with its head is closed, one that is too slow with its body told so")
    func slow() async throws {
        try await RunningServer.set {
            $0.limits.headSeconds = 0.3
            $0.limits.idleSeconds = 0.3
        }.run { running in
            let port = running.port
            try await onThread {
                let head = try RawClient(port: port)
                try head.send("GET /health/live HT")
                #expect(try head.isAtEnd())
                let body = try RawClient(port: port)
                try body.send(TestForm().head())
                try body.send("--test")
                #expect(try body.answer().status == 408)
                #expect(try body.isAtEnd())
            }
            try await running.eventually("nobody uploads") { running.gauge(.uploads) == 0 }
        }
    }

    @Test("An error of the library has its status, and nothing of the server's insides")
    func errors() async throws {
        try await RunningServer.with { running in
            let form = TestForm()
            let rows: [(StapesError.Code, Int)] = [
                (.invalidOption, 400), (.audio, 400), (.overloaded, 429), (.engine, 500), (.model, 500),
            ]
            for (code, status) in rows {
                running.speech.fail(with: StapesError(code, "/proc/self/fd/7: a message"))
                let answer = try await running.ask(form.head(), body: form.body)
                #expect(answer.status == status, "\(code)")
                #expect(!answer.text.contains("/proc"))
            }
        }
    }

    @Test("A stream's increments are its text, and an error in the middle is an event")
    func streams() async throws {
        try await RunningServer.with { running in
            let form = TestForm(fields: [("stream", "true")])
            let answer = try await running.ask(form.head(), body: form.body)
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"]?.hasPrefix("text/event-stream") == true)
            let frames = answer.text.split(separator: "\n\n")
            #expect(frames.count { $0.contains("transcript.text.delta") } == 3)
            #expect(frames.count { $0.contains("transcript.text.done") && $0.contains("One. Two. Three.") } == 1)
            running.speech.fail(with: StapesError(.audio, "no audio"))
            #expect(try await running.ask(form.head(), body: form.body).status == 400)
            running.speech.fail(with: StapesError(.engine, "no engine"), afterSegments: 2)
            let broken = try await running.ask(form.head(), body: form.body)
            #expect(broken.status == 200)
            let events = broken.text.split(separator: "\n\n")
            #expect(events.count == 3)
            #expect(events.last?.contains(#""code": "internal_error""#) == true)
        }
    }

    @Test("The metrics count the answers by route and status")
    func metrics() async throws {
        try await RunningServer.with { running in
            let form = TestForm()
            _ = try await running.ask(form.head(), body: form.body)
            let text = try await running.ask("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n").text
            #expect(
                text.contains(
                    #"stapes_requests_total{method="POST",route="/v1/audio/transcriptions",status="200"} 1"#))
            for name in ServerMetricName.allCases where name != .realtimeSessions {
                #expect(text.contains("# TYPE \(name.rawValue) "), "\(name.rawValue)")
            }
            #expect(text.contains("process_resident_memory_bytes"))
        }
    }
}
