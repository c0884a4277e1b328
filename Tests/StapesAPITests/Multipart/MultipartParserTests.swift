import StapesAPI
import StapesTesting
import Testing

@Suite("Multipart bodies")
struct MultipartParserTests {
    /// A part as the caller would put it together.
    private struct Part: Equatable {
        var head: PartHead
        var data: [UInt8] = []
        var hasEnded = false
    }

    private static func parser(_ limits: MultipartLimits = MultipartLimits()) throws -> MultipartParser {
        MultipartParser(
            boundary: try MultipartBoundary(contentType: "multipart/form-data; boundary=bnd"), limits: limits)
    }

    private static func parts(
        _ chunks: [[UInt8]], limits: MultipartLimits = MultipartLimits()
    ) throws -> [Part] {
        var parser = try parser(limits)
        var parts: [Part] = []
        for chunk in chunks {
            for event in try parser.feed(chunk) {
                switch event {
                case .partBegan(let head): parts.append(Part(head: head))
                case .data(let bytes):
                    #expect(!bytes.isEmpty)
                    parts[parts.count - 1].data += bytes
                case .partEnded: parts[parts.count - 1].hasEnded = true
                }
            }
        }
        try parser.finish()
        return parts
    }

    private static func parts(_ text: String) throws -> [Part] { try parts([Array(text.utf8)]) }

    private static func head(_ lines: String) throws -> PartHead {
        try #require(try parts("--bnd\r\n\(lines)\r\n\r\nx\r\n--bnd--").first).head
    }

    /// Content that is nearly a delimiter in every way, a preamble, padding, and an epilogue.
    private static let body =
        "before\r\n--bnd \t\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nbase\r\n--bnd\r\n"
        + "content-disposition: form-data; name=file; filename=\"a.wav\"\r\nContent-Type: audio/x-wav\r\n\r\n"
        + "\r\n--bn\r\r\n--bndx\r\n--bnd-\r\n\n--bnd\r\n-\0\u{1}\r\r\n--bnd\r\n"
        + "Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--bnd--\r\nafter\r\n--bnd\r\n"

    private static let expected = [
        Part(head: PartHead(name: "model"), data: Array("base".utf8), hasEnded: true),
        Part(
            head: PartHead(name: "file", filename: "a.wav", contentType: "audio/x-wav"),
            data: Array("\r\n--bn\r\r\n--bndx\r\n--bnd-\r\n\n--bnd\r\n-\0\u{1}\r".utf8), hasEnded: true),
        Part(head: PartHead(name: "empty"), hasEnded: true),
    ]

    @Test("A body cut in two anywhere gives the parts of the whole")
    func everySplitPoint() throws {
        let body = Array(Self.body.utf8)
        for point in 0...body.count {
            #expect(try Self.parts([Array(body[..<point]), Array(body[point...])]) == Self.expected)
        }
    }

    @Test("A body in chunks of every size gives the parts of the whole")
    func everyChunkSize() throws {
        let body = Array(Self.body.utf8)
        for size in 1...body.count {
            let chunks = stride(from: 0, to: body.count, by: size).map { Array(body[$0..<min($0 + size, body.count)]) }
            #expect(try Self.parts(chunks) == Self.expected)
        }
    }

    @Test("A body that is cut off ends with an error wherever it is cut")
    func everyTruncation() throws {
        let body = Array("--bnd\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--bnd--".utf8)
        #expect(try Self.parts([body]).count == 1)
        for count in 0..<body.count {
            let error = #expect(throws: APIError.self) { try Self.parts([Array(body[..<count])]) }
            #expect(error?.code == .malformedBody)
        }
    }

    @Test("Any bytes give events or an error, and the same ones however they are cut")
    func mutations() throws {
        var random = SeededGenerator(seed: 7)
        let alphabet = Array("\r\n-bnd: ;=\"\\%*\0\u{7F}".utf8) + [0xFF, 0xC3]
        var successes = 0
        for _ in 0..<3000 {
            var body = Array(Self.body.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<body.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: body[index] = alphabet.randomElement(using: &random)!
                case 1: body.remove(at: index)
                default: body.insert(alphabet.randomElement(using: &random)!, at: index)
                }
            }
            var chunks: [[UInt8]] = []
            var rest = body[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...40, using: &random)
                chunks.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            let whole = Result { try Self.parts([body]) }.mapError { $0 as! APIError }
            let pieces = Result { try Self.parts(chunks) }.mapError { $0 as! APIError }
            #expect(whole == pieces)
            if case .success = whole { successes += 1 }
        }
        #expect((1..<3000).contains(successes))
    }

    @Test("A delimiter may be padded so far; beyond that it is content, and nothing waits for its end")
    func padding() throws {
        let head = "--bnd\r\nContent-Disposition: form-data; name=a\r\n\r\n"
        let padded = { count in "\r\n--bnd" + String(repeating: " ", count: count) }
        #expect(throws: APIError.self) { try Self.parts(head + "x" + padded(64) + "\r\n\r\n\r\n--bnd--") }
        let parts = try Self.parts(head + "x" + padded(65) + "\r\n--bnd--")
        #expect(parts.map(\.data) == [Array(("x" + padded(65)).utf8)])
        var parser = try Self.parser()
        _ = try parser.feed(Array(head.utf8))
        #expect(try parser.feed(Array(padded(64).utf8)).isEmpty)
        #expect(try parser.feed([0x20]) == [.data(Array(padded(65).utf8))])
    }

    @Test("Lines of a head that end with a line feed alone are read")
    func lineFeeds() throws {
        let parts = try Self.parts("--bnd\nContent-Disposition: form-data; name=a\n\nb\r\n--bnd--")
        #expect(parts == [Part(head: PartHead(name: "a"), data: Array("b".utf8), hasEnded: true)])
    }

    @Test("A folded line of a head goes on with the one before it")
    func folding() throws {
        #expect(try Self.head("Content-Disposition: form-data;\r\n  name=a") == PartHead(name: "a"))
    }

    @Test(
        "Names of files are read in every way they are written",
        arguments: [
            ("filename=\"a.wav\"", "a.wav"),
            ("filename=a.wav", "a.wav"),
            ("filename=\"C:\\folder\\a.wav\"", "a.wav"),
            ("filename=\"../../a.wav\"", "a.wav"),
            ("filename=\"a;b=\\\"c\\\".wav\"", "a;b=\"c\".wav"),
            ("filename=\"größe.wav\"", "größe.wav"),
            ("filename=\"x.wav\"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20.wav", "größe .wav"),
            ("filename*=iso-8859-1'de'gr%F6.wav", "grö.wav"),
            ("filename=\"x.wav\"; filename*=UTF-8''%FF", "x.wav"),
            ("filename=\"x.wav\"; filename*=UTF-8''%+1", "x.wav"),
            ("filename=\"\"", ""),
        ])
    func filenames(written: String, read: String) throws {
        #expect(
            try Self.head("Content-Disposition: form-data; name=\"a\\\"b\"; \(written)")
                == PartHead(name: "a\"b", filename: read))
    }

    @Test(
        "A head without a name, or that is none, is an error",
        arguments: ["", "no header", "Content-Type: a/b", "Content-Disposition: attachment; name=a"])
    func namelessHeads(lines: String) {
        let error = #expect(throws: APIError.self) { try Self.head(lines) }
        #expect(error?.code == .malformedBody)
    }

    @Test("A head as long as the limit is read, and one byte more is an error before its line ends")
    func headLimit() throws {
        let head = "Content-Disposition: form-data; name=a\r\n\r\n"
        let body = Array("--bnd\r\n\(head)\r\n--bnd--".utf8)
        #expect(try Self.parts([body], limits: MultipartLimits(headBytes: head.utf8.count)).count == 1)
        let error = #expect(throws: APIError.self) {
            try Self.parts([body], limits: MultipartLimits(headBytes: head.utf8.count - 1))
        }
        #expect(error?.message == "the head of a part is longer than 41 bytes")
        var parser = try Self.parser()
        _ = try parser.feed(Array("--bnd\r\n".utf8) + [UInt8](repeating: 0x61, count: 16 << 10))
        #expect(throws: APIError.self) { try parser.feed([0x61]) }
    }

    @Test("As many parts as the limit are read, and one more is an error")
    func partLimit() throws {
        let part = "--bnd\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
        let body = { count in Array((String(repeating: part, count: count) + "--bnd--").utf8) }
        #expect(try Self.parts([body(3)], limits: MultipartLimits(parts: 3)).count == 3)
        let error = #expect(throws: APIError.self) { try Self.parts([body(4)], limits: MultipartLimits(parts: 3)) }
        #expect(error?.message == "the body has more than 3 parts")
    }

    @Test("A parser that failed once fails always")
    func failureStays() throws {
        var parser = try Self.parser()
        #expect(throws: APIError.self) { try parser.feed(Array("--bnd\r\nnonsense\r\n\r\n".utf8)) }
        #expect(throws: APIError.self) { try parser.feed(Array("x\r\n--bnd--".utf8)) }
        #expect(throws: APIError.self) { try parser.finish() }
    }

    @Test("A head of as many lines as the limit is read, and one more is an error; folded lines are no lines")
    func lineLimit() throws {
        let head = { count, fold in
            "--bnd\r\nContent-Disposition: form-data; name=a\r\n"
                + String(repeating: "a: b\r\n", count: count) + String(repeating: " c\r\n", count: fold)
                + "\r\nx\r\n--bnd--"
        }
        #expect(try Self.parts(head(31, 100)).count == 1)
        let error = #expect(throws: APIError.self) { try Self.parts(head(32, 0)) }
        #expect(error?.message == "the head of a part has more than 32 lines")
    }
}
