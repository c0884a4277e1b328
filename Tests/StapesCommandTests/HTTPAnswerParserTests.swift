import StapesCommand
import Testing

@Suite struct HTTPAnswerParserTests {
    private static let good: [(wire: String, status: Int, body: String, keepsAlive: Bool)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", true),
        ("HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", 200, "", true),
        ("HTTP/1.1 429 Too Many\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", 429, "x", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", false),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, "", true),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", true),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;e=1\r\n0123456789\r\n0\r\n\r\n", 200,
            "abc0123456789", true
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nDate: x\r\n\r\n", 200, "a", true),
    ]

    @Test(arguments: good)
    func answerIsTheSameInWhateverPiecesItComes(_ answer: (wire: String, status: Int, body: String, keepsAlive: Bool))
        throws
    {
        let bytes = Array(answer.wire.utf8)
        for size in 1...bytes.count {
            var parser = HTTPAnswerParser()
            var result: HTTPAnswer?
            for start in stride(from: 0, to: bytes.count, by: size) {
                #expect(result == nil)
                result = try parser.receive(bytes[start..<min(bytes.count, start + size)])
            }
            let complete = try #require(result)
            #expect(complete.status == answer.status)
            #expect(String(decoding: complete.body, as: UTF8.self) == answer.body)
            #expect(complete.keepsAlive == answer.keepsAlive)
        }
    }

    @Test(arguments: good)
    func everyBeginningOfAnAnswerIsIncomplete(_ answer: (wire: String, status: Int, body: String, keepsAlive: Bool))
        throws
    {
        let bytes = Array(answer.wire.utf8)
        for count in 0..<bytes.count {
            var parser = HTTPAnswerParser()
            let answer = try parser.receive(bytes[..<count])
            #expect(answer == nil)
            let error = #expect(throws: TransportError.self) { try parser.end() }
            #expect(error?.code == .interrupted)
        }
    }

    @Test func bodyWithoutLengthEndsWithTheConnection() throws {
        var parser = HTTPAnswerParser()
        let early = try parser.receive(Array("HTTP/1.1 200 OK\r\n\r\nabc".utf8))
        #expect(early == nil)
        let answer = try parser.end()
        #expect(answer.body == Array("abc".utf8))
        #expect(!answer.keepsAlive)
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 +20 OK\r\n\r\n",
        "HTTP/1.1 999 No\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 101 Switching\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\n: x\r\n\r\n", "HTTP/1.1 200 OK\r\nA B: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n111111111\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc",
    ])
    func whatCanBeReadInTwoWaysIsRefused(_ wire: String) {
        var parser = HTTPAnswerParser()
        let error = #expect(throws: TransportError.self) { try parser.receive(Array(wire.utf8)) }
        #expect(error?.code == .badResponse)
    }

    @Test func endlessHeadAndEndlessBodyAreRefused() {
        for (start, more) in [
            ("HTTP/1.1 200 OK\r\n", "A: b\r\n"), ("HTTP/1.1 200 OK\r\nA: ", "aaaaaaaa"),
            ("HTTP/1.1 200 OK\r\n\r\n", String(repeating: "b", count: 1 << 20)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n"),
        ] {
            var parser = HTTPAnswerParser()
            let piece = Array(String(repeating: more, count: max(1, 4096 / more.utf8.count)).utf8)
            let error = #expect(throws: TransportError.self) {
                _ = try parser.receive(Array(start.utf8))
                for _ in 0..<1000 { _ = try parser.receive(piece) }
            }
            #expect(error?.code == .badResponse)
        }
    }
}
