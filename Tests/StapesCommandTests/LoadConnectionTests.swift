import StapesCommand
import Testing

@Suite struct LoadConnectionTests {
    private func request(_ server: ScriptedServer, file: [UInt8] = [1, 2, 3], apiKey: String? = nil) throws
        -> ServeRequest
    {
        ServeRequest(
            to: try ServeTarget(server.address), endpoint: "/audio/transcriptions", apiKey: apiKey,
            form: [("model", "m"), ("prompt", "a\r\nb")], fileName: "x\".wav", file: file)
    }

    private func exchange(
        _ server: ScriptedServer, _ transport: LoadTransport = .socket, patience: Duration = .seconds(30),
        file: [UInt8] = [1, 2, 3]
    ) throws -> HTTPAnswer {
        try transport.connection(to: try ServeTarget(server.address)).exchange(
            try request(server, file: file), until: .now + patience)
    }

    @Test(arguments: LoadTransport.allCases)
    func connectionIsKeptAndTheFormIsWhole(_ transport: LoadTransport) throws {
        let server = try ScriptedServer { ScriptedServer.transcript("\($0.index)") }
        let connection = transport.connection(to: try ServeTarget(server.address + "/v1/"))
        for index in 0..<3 {
            let answer = try connection.exchange(try request(server, apiKey: "k"), until: .now + .seconds(30))
            #expect(AnswerReading.text(answer.body, format: .json) == "\(index)")
        }
        #expect(server.connectionCount == 1)
        let sent = server.requests[0]
        #expect(sent.head.hasPrefix("POST /v1/audio/transcriptions HTTP/1.1\r\n"))
        #expect(
            sent.head.contains("\r\nAuthorization: Bearer k\r\n") || sent.head.hasSuffix("\r\nAuthorization: Bearer k"))
        #expect(sent.head.contains("Host: 127.0.0.1:\(server.port)"))
        #expect(sent.body.contains("name=\"prompt\"\r\n\r\na\r\nb\r\n--"))
        #expect(sent.body.contains("name=\"file\"; filename=\"x%22.wav\"\r\n"))
        #expect(sent.body.contains("\r\n\r\n\u{1}\u{2}\u{3}\r\n--"))
    }

    @Test func chunkedAnswerThatComesByteByByteIsRead() throws {
        let server = try ScriptedServer { _ in
            .init(
                bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
                pause: .milliseconds(1))
        }
        #expect(try exchange(server).body == Array("abcde".utf8))
    }

    @Test func bodyOfManyMegabytesIsSent() throws {
        let server = try ScriptedServer { ScriptedServer.transcript("\($0.body.utf8.count)") }
        let file = [UInt8](repeating: 0x61, count: 8 << 20)
        let text = AnswerReading.text(try exchange(server, file: file).body, format: .json)
        #expect(text.flatMap(Int.init) ?? 0 > file.count)
    }

    @Test func connectionThatWasClosedIsMadeAnew() throws {
        let server = try ScriptedServer { request in
            var reply = ScriptedServer.transcript("x")
            reply.closes = request.index != 1
            return reply
        }
        let connection = SocketConnection(to: try ServeTarget(server.address))
        for _ in 0..<4 {
            _ = try connection.exchange(try request(server), until: .now + .seconds(30))
            // The end of the connection may come after the answer.
            _ = try? exchange(server)
        }
        #expect(server.requests.count >= 4)
    }

    @Test func earlyEndIsAnError() throws {
        for wire in ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"] {
            let server = try ScriptedServer { _ in .init(bytes: wire, closes: true) }
            let error = #expect(throws: TransportError.self) { try exchange(server) }
            #expect(error?.code == .interrupted)
        }
    }

    @Test(arguments: LoadTransport.allCases)
    func slowAnswerIsNotWaitedForBeyondTheDeadline(_ transport: LoadTransport) throws {
        let server = try ScriptedServer { _ in
            var reply = ScriptedServer.transcript("x")
            reply.delay = .seconds(20)
            return reply
        }
        let start = ContinuousClock.now
        let error = #expect(throws: TransportError.self) {
            try exchange(server, transport, patience: .milliseconds(200))
        }
        #expect(error?.code == .timedOut)
        #expect(start.duration(to: .now) < .seconds(15))
    }

    @Test(arguments: LoadTransport.allCases)
    func portWithoutAServerIsUnreachable(_ transport: LoadTransport) throws {
        let target = try ServeTarget("http://127.0.0.1:1")
        let request = ServeRequest(to: target, endpoint: "/x", apiKey: nil, form: [], fileName: "a", file: [])
        let error = #expect(throws: TransportError.self) {
            try transport.connection(to: target).exchange(request, until: .now + .seconds(30))
        }
        #expect(error?.code == .unreachable)
        #expect(error?.message.hasPrefix("cannot reach 127.0.0.1:1: ") == true)
    }

    @Test func addressesWithAndWithoutTheVersionAreTheSame() throws {
        for text in ["http://[::1]:8000", "http://[::1]:8000/", "http://[::1]:8000/v1", "HTTP://[::1]:8000/v1/"] {
            #expect(try ServeTarget(text).address == "http://[::1]:8000/v1")
        }
        #expect(try ServeTarget("https://example.org/api").address == "https://example.org/api/v1")
        for text in ["", "127.0.0.1:8000", "ftp://a", "http://", "http://a/?q", "http://u@a/", "http://a b/"] {
            #expect(throws: CommandError.self) { try ServeTarget(text) }
        }
    }
}
