/// Reads the fields of one protobuf message, a range of a file's bytes, in order. Every read is checked against the
/// message's end, so that no length in a file leads outside of it.
struct ProtobufReader {
    /// A field's value. Of a message, text or bytes it is the place in the file.
    enum Value: Hashable {
        case number(UInt64)
        case bytes(Range<Int>)
    }

    struct Field {
        let number: Int
        let value: Value
    }

    let file: MappedFile
    private var position: Int
    private let end: Int

    init(_ file: MappedFile, range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= file.byteCount, "a message lies inside its file")
        self.file = file
        position = range.lowerBound
        end = range.upperBound
    }

    var hasMore: Bool { position < end }

    /// The next field, nil at the end of the message.
    ///
    /// - Throws: `truncatedFile`, `malformedFile`.
    mutating func next() throws(ModelError) -> Field? {
        guard hasMore else { return nil }
        let start = position
        let tag = try readNumber()
        let number = Int(tag >> 3)
        guard number > 0, number < 1 << 29 else { throw malformed(at: start) }
        switch tag & 7 {
        case 0: return Field(number: number, value: .number(try readNumber()))
        case 1: return Field(number: number, value: .bytes(try skip(8)))
        case 2:
            let count = try readNumber()
            guard count <= UInt64(end - position) else { throw truncated(at: start) }
            return Field(number: number, value: .bytes(try skip(Int(count))))
        case 5: return Field(number: number, value: .bytes(try skip(4)))
        default: throw malformed(at: start)  // groups, which nobody writes any more, and unused codes
        }
    }

    /// The number with which the message goes on, seven bits a byte, low ones first.
    mutating func readNumber() throws(ModelError) -> UInt64 {
        let start = position
        var number: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            let index = try skip(1).lowerBound
            let byte = file.withUnsafeBytes { $0[index] }
            number |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return number }
        }
        throw malformed(at: start)
    }

    private mutating func skip(_ count: Int) throws(ModelError) -> Range<Int> {
        guard count <= end - position else { throw truncated(at: position) }
        defer { position += count }
        return position..<position + count
    }

    private func truncated(at offset: Int) -> ModelError {
        ModelError(.truncatedFile, "\(file.path): the message ends at byte \(end), inside the field at byte \(offset)")
    }

    private func malformed(at offset: Int) -> ModelError {
        ModelError(.malformedFile, "\(file.path): no protobuf field at byte \(offset)")
    }
}
