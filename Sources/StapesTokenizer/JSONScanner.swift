/// Walks through JSON text without building a tree.
///
/// Foundation's decoder takes about 160 ms for a `tokenizer.json`; most of it goes into 100 000 short strings that are
/// needed only as bytes. The scanner is a value: a copy is a bookmark.
struct JSONScanner {
    /// Where and why the text is not JSON, or not the JSON that was asked for.
    struct Failure: Error, CustomStringConvertible {
        let expected: String
        let offset: Int
        var description: String { "expected \(expected) at byte \(offset)" }
    }

    /// Objects and arrays nested deeper than this are refused, so that hostile text cannot exhaust the stack.
    private static let deepestNesting = 64

    private let text: UnsafeBufferPointer<UInt8>
    private(set) var position = 0

    /// - Parameter text: must outlive the scanner.
    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
    }

    /// The next byte that is not white space; nil at the end.
    mutating func peek() -> UInt8? {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case let byte: return byte
            }
        }
        return nil
    }

    mutating func expect(_ byte: UInt8) throws(Failure) {
        guard peek() == byte else { throw failure("'\(Unicode.Scalar(byte))'") }
        position += 1
    }

    /// The next byte whatever it is; nil at the end.
    mutating func take() -> UInt8? {
        guard position < text.count else { return nil }
        defer { position += 1 }
        return text[position]
    }

    func failure(_ expected: String) -> Failure {
        Failure(expected: expected, offset: position)
    }

    /// Calls `body` for every member of an object; `body` must consume the member's value.
    ///
    /// - Throws: `Failure`, and whatever `body` throws.
    mutating func members(_ body: (inout JSONScanner, _ key: [UInt8]) throws -> Void) throws {
        var key: [UInt8] = []
        try items(between: "{", "}") { scanner in
            try scanner.string(into: &key)
            try scanner.expect(UInt8(ascii: ":"))
            try body(&scanner, key)
        }
    }

    /// Calls `body` for every element of an array; `body` must consume the element.
    ///
    /// - Throws: `Failure`, and whatever `body` throws.
    mutating func elements(_ body: (inout JSONScanner) throws -> Void) throws {
        try items(between: "[", "]", body)
    }

    private mutating func items(
        between open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONScanner) throws -> Void
    ) throws {
        try expect(UInt8(ascii: open))
        if peek() == UInt8(ascii: close) {
            position += 1
            return
        }
        while true {
            try body(&self)
            switch peek() {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: close):
                position += 1
                return
            default: throw failure("',' or '\(close)'")
            }
        }
    }

    /// Reads a whole number.
    mutating func integer() throws(Failure) -> Int {
        var isNegative = false
        if peek() == UInt8(ascii: "-") {
            isNegative = true
            position += 1
        }
        var value = 0
        let start = position
        while position < text.count, case let digit = text[position] &- UInt8(ascii: "0"), digit < 10 {
            // Seventeen digits cannot overflow, and no number we read has as many.
            guard position - start < 17 else { throw failure("a smaller number") }
            value = value * 10 + Int(digit)
            position += 1
        }
        guard position > start else { throw failure("a whole number") }
        return isNegative ? -value : value
    }

    /// Reads a string and leaves its UTF-8 in `bytes`, whose memory is reused.
    mutating func string(into bytes: inout [UInt8]) throws(Failure) {
        bytes.removeAll(keepingCapacity: true)
        try expect(UInt8(ascii: "\""))
        while position < text.count {
            let byte = text[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return
            case UInt8(ascii: "\\"): try escape(into: &bytes)
            default: bytes.append(byte)
            }
        }
        throw failure("the end of a string")
    }

    /// Steps over one value of any kind.
    mutating func skipValue() throws {
        try skipValue(depth: 0)
    }

    private mutating func skipValue(depth: Int) throws {
        guard depth < Self.deepestNesting else { throw failure("less nesting") }
        switch peek() {
        case UInt8(ascii: "{"):
            try members { scanner, _ in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "["):
            try elements { scanner in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "\""):
            try skipString()
        default:
            let start = position
            while position < text.count, isPartOfWord(text[position]) { position += 1 }
            guard position > start else { throw failure("a value") }
        }
    }

    private mutating func skipString() throws(Failure) {
        position += 1
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        throw failure("the end of a string")
    }

    /// Whether a byte can stand in a number or in `true`, `false`, `null`.
    private func isPartOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}
