import StapesDecoding

/// Reads one HTTP/1.1 response from bytes in whatever pieces they come. It is strict: what could be read in two ways is
/// refused. It knows no socket.
package struct HTTPAnswerParser: Sendable {
    static let maximumHeadByteCount = 1 << 16
    static let maximumBodyByteCount = 1 << 26

    private enum State {
        case head
        case body(byteCount: Int)
        case chunkSize
        case chunk(byteCount: Int)
        case chunkEnd
        case trailers
        case untilClose
        case done
    }

    private var state = State.head
    private var bytes: [UInt8] = []
    /// What is read already.
    private var position = 0
    /// Up to here there is no line end after `position`.
    private var searched = 0
    private var headByteCount = 0
    private var answer = HTTPAnswer(status: 0, fields: [:], body: [], keepsAlive: false)

    package init() {}

    /// - Returns: the answer, once it is complete.
    /// - Throws: `TransportError.Code.badResponse`
    package mutating func receive(_ new: some Sequence<UInt8>) throws(TransportError) -> HTTPAnswer? {
        bytes.append(contentsOf: new)
        while try step() {}
        guard case .done = state else {
            bytes.removeFirst(position)
            searched -= position
            position = 0
            return nil
        }
        guard position == bytes.count else { throw bad("bytes after the end of the answer") }
        return answer
    }

    /// The connection has ended.
    ///
    /// - Returns: the answer, when its end is the end of the connection.
    /// - Throws: `TransportError.Code.interrupted`
    package func end() throws(TransportError) -> HTTPAnswer {
        switch state {
        case .untilClose: return answer
        case .head where bytes.isEmpty:
            throw TransportError(.interrupted, "the server closed the connection without an answer")
        default: throw TransportError(.interrupted, "the server closed the connection before the end of its answer")
        }
    }

    /// - Returns: whether there was enough for a step.
    private mutating func step() throws(TransportError) -> Bool {
        switch state {
        case .head:
            guard let lines = try head() else { return false }
            try begin(lines)
        case .body(let byteCount):
            let rest = try take(byteCount)
            state = rest == 0 ? .done : .body(byteCount: rest)
            return rest == 0
        case .chunkSize:
            guard let line = try line(limit: 256) else { return false }
            let digits = line.prefix { $0 != ";" }
            guard (1...8).contains(digits.count), digits.allSatisfy(\.isHexDigit), let size = Int(digits, radix: 16)
            else { throw bad("'\(digits)' is no size of a chunk") }
            state = size == 0 ? .trailers : .chunk(byteCount: size)
        case .chunk(let byteCount):
            let rest = try take(byteCount)
            state = rest == 0 ? .chunkEnd : .chunk(byteCount: rest)
            return rest == 0
        case .chunkEnd:
            guard let line = try line(limit: 2) else { return false }
            guard line.isEmpty else { throw bad("a chunk is longer than it said") }
            state = .chunkSize
        case .trailers:
            guard let line = try line(limit: Self.maximumHeadByteCount) else { return false }
            headByteCount += line.utf8.count
            guard headByteCount <= Self.maximumHeadByteCount else { throw bad("the fields are too long") }
            if line.isEmpty { state = .done }
        case .untilClose:
            _ = try take(Int.max)
            return false
        case .done: return false
        }
        return true
    }

    // MARK: Head

    private mutating func head() throws(TransportError) -> [String]? {
        let start = position
        var lines: [String] = []
        while let line = try line(limit: Self.maximumHeadByteCount - (position - start)) {
            if line.isEmpty { return lines }
            lines.append(line)
        }
        // Incomplete: next time from the start again, which is short.
        position = start
        searched = start
        return nil
    }

    private mutating func begin(_ lines: [String]) throws(TransportError) {
        let words = (lines.first ?? "").split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[0] == "HTTP/1.1" || words[0] == "HTTP/1.0",
            words[1].utf8.count == 3, let status = Int(words[1]), (100...599).contains(status)
        else { throw bad("the answer is not HTTP/1.1") }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else {
                throw bad("a field has no name")
            }
            let name = line[..<colon].lowercased()
            guard name.utf8.allSatisfy(Self.isTokenByte) else { throw bad("'\(name)' is no name of a field") }
            let value = String(line[line.index(after: colon)...]).strippingWhitespace()
            fields[name] = fields[name].map { "\($0), \(value)" } ?? value
        }
        // Interim answers, such as 100 Continue: the real one follows.
        if status < 200 {
            guard status != 101 else { throw bad("the server switched protocols") }
            return
        }
        let connection = (fields["connection"] ?? "").lowercased()
        var keepsAlive = words[0] == "HTTP/1.1" ? !connection.contains("close") : connection.contains("keep-alive")
        if status == 204 || status == 304 {
            state = .done
        } else if let coding = fields["transfer-encoding"] {
            guard coding.lowercased() == "chunked" else { throw bad("unknown transfer coding '\(coding)'") }
            guard fields["content-length"] == nil else { throw bad("both a length and a transfer coding") }
            state = .chunkSize
        } else if let length = fields["content-length"] {
            guard (1...18).contains(length.utf8.count), length.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let byteCount = Int(length)
            else { throw bad("'\(length)' is no length of a body") }
            guard byteCount <= Self.maximumBodyByteCount else { throw bad("a body of \(byteCount) bytes") }
            state = byteCount == 0 ? .done : .body(byteCount: byteCount)
        } else {
            keepsAlive = false
            state = .untilClose
        }
        answer = HTTPAnswer(status: status, fields: fields, body: [], keepsAlive: keepsAlive)
    }

    /// The characters of a field's name (RFC 9110, 5.6.2).
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    // MARK: Bytes

    /// Moves bytes to the body.
    ///
    /// - Returns: how many of the wanted ones have not come yet.
    private mutating func take(_ byteCount: Int) throws(TransportError) -> Int {
        let count = min(byteCount, bytes.count - position)
        guard answer.body.count + count <= Self.maximumBodyByteCount else { throw bad("the body is too long") }
        answer.body += bytes[position..<position + count]
        position += count
        searched = position
        return byteCount - count
    }

    /// The next line without its end, which has to be CR LF; nil when it has not come as a whole.
    private mutating func line(limit: Int) throws(TransportError) -> String? {
        guard let end = bytes[max(position, searched)...].firstIndex(of: 0x0A) else {
            searched = bytes.count
            guard bytes.count - position <= limit else { throw bad("a line is too long") }
            return nil
        }
        guard end - position < limit + 2 else { throw bad("a line is too long") }
        guard end > position, bytes[end - 1] == 0x0D else { throw bad("a line does not end in CR LF") }
        let line = bytes[position..<end - 1]
        guard !line.contains(where: { $0 == 0x0D || $0 == 0 }), let text = String(validating: line, as: UTF8.self)
        else { throw bad("a line of the head is no text") }
        position = end + 1
        searched = position
        return text
    }

    private func bad(_ message: String) -> TransportError {
        TransportError(.badResponse, "bad answer: \(message)")
    }
}
