import StapesDecoding

/// What a body brings, in its order: for every part its beginning, its content in pieces, and its end.
package enum MultipartEvent: Sendable, Hashable {
    case partBegan(PartHead)
    case data([UInt8])
    case partEnded
}

/// Reads a `multipart/form-data` body as its bytes come in, and keeps none of it but what may be a delimiter or a head
/// that has not ended.
///
/// Lines of a head may end with a line feed alone; a delimiter needs both signs before it, since content may not be
/// touched.
package struct MultipartParser: Sendable {
    private enum State {
        case preamble
        /// So many bytes are in the lines of the head so far.
        case head(byteCount: Int)
        case data
        case epilogue
        case failed(APIError)
    }

    private let delimiter: Delimiter
    private let limits: MultipartLimits
    private var state = State.preamble
    private var partCount = 0
    /// Of the head that is being read. They stand here and not in the state, so that a line is added without a copy of
    /// those before it.
    private var lines: [String] = []
    /// What was not understood so far. A body may begin with its first delimiter, which then has no line end before it.
    private var buffer = Array("\r\n".utf8)

    package init(boundary: MultipartBoundary, limits: MultipartLimits = MultipartLimits()) {
        delimiter = Delimiter(boundary)
        self.limits = limits
    }

    /// - Throws: `malformedBody`, from then on always.
    package mutating func feed(_ bytes: [UInt8]) throws(APIError) -> [MultipartEvent] {
        if buffer.isEmpty { buffer = bytes } else { buffer += bytes }
        var events: [MultipartEvent] = []
        var position = 0
        do throws(APIError) {
            while try step(&position, &events) {}
        } catch {
            state = .failed(error)
            buffer = []
            throw error
        }
        if position > 0 { buffer = Array(buffer[position...]) }
        return events
    }

    /// - Throws: `malformedBody` if the body ended before its last delimiter.
    package func finish() throws(APIError) {
        switch state {
        case .epilogue: return
        case .failed(let error): throw error
        case .preamble, .head, .data:
            throw APIError(.malformedBody, "the body ends before the last of its parts does")
        }
    }

    /// - Returns: whether more can be done with the bytes that are there.
    private mutating func step(_ position: inout Int, _ events: inout [MultipartEvent]) throws(APIError) -> Bool {
        switch state {
        case .preamble: return try skipPreamble(&position)
        case .head(let byteCount): return try readHead(&position, byteCount: byteCount, &events)
        case .data: return try readData(&position, &events)
        case .epilogue:
            position = buffer.count
            return false
        case .failed(let error): throw error
        }
    }

    private mutating func skipPreamble(_ position: inout Int) throws(APIError) -> Bool {
        switch delimiter.search(in: buffer, from: position) {
        case .absent(let limit):
            position = limit
            return false
        case .found(let range, let closes):
            position = range.upperBound
            try pass(closes: closes)
            return true
        }
    }

    private mutating func readData(
        _ position: inout Int, _ events: inout [MultipartEvent]
    ) throws(APIError) -> Bool {
        let search = delimiter.search(in: buffer, from: position)
        let limit =
            switch search {
            case .absent(let limit): limit
            case .found(let range, _): range.lowerBound
            }
        if position < limit { events.append(.data(Array(buffer[position..<limit]))) }
        position = limit
        guard case .found(let range, let closes) = search else { return false }
        events.append(.partEnded)
        position = range.upperBound
        try pass(closes: closes)
        return true
    }

    private mutating func pass(closes: Bool) throws(APIError) {
        guard !closes else {
            state = .epilogue
            return
        }
        partCount += 1
        guard partCount <= limits.parts else {
            throw APIError(.malformedBody, "the body has more than \(limits.parts) parts")
        }
        lines = []
        state = .head(byteCount: 0)
    }

    private mutating func readHead(
        _ position: inout Int, byteCount: Int, _ events: inout [MultipartEvent]
    ) throws(APIError) -> Bool {
        let end = buffer[position...].firstIndex(of: UInt8(ascii: "\n"))
        let byteCount = byteCount + (end.map { $0 + 1 } ?? buffer.count) - position
        guard byteCount <= limits.headBytes else {
            throw APIError(.malformedBody, "the head of a part is longer than \(limits.headBytes) bytes")
        }
        guard let end else { return false }
        var line = buffer[position..<end]
        position = end + 1
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard !line.isEmpty else {
            events.append(.partBegan(try PartHead(lines: lines)))
            state = .data
            return true
        }
        let text = String(decoding: line, as: UTF8.self)
        // A line that begins with white space goes on with the one before it (RFC 5322's folding).
        if text.unicodeScalars.first?.isStripped == true, !lines.isEmpty {
            lines[lines.count - 1] += " " + text.strippingWhitespace()
        } else {
            guard lines.count < limits.headLines else {
                throw APIError(.malformedBody, "the head of a part has more than \(limits.headLines) lines")
            }
            lines.append(text)
        }
        state = .head(byteCount: byteCount)
        return true
    }
}
