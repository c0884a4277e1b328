/// Reads little-endian numbers and strings from a file in order; every read is checked against the file's end.
struct ByteReader {
    let file: MappedFile
    private(set) var offset = 0

    init(_ file: MappedFile) { self.file = file }

    /// - Throws: `truncatedFile` when fewer bytes are left than `type` needs.
    mutating func read<Number: FixedWidthInteger>(_ type: Number.Type, of what: String) throws(ModelError) -> Number {
        let start = try skip(MemoryLayout<Number>.size, of: what)
        return file.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: start, as: Number.self)) }
    }

    /// A CTranslate2 string: a 16-bit length that counts the closing NUL, then the bytes.
    ///
    /// - Throws: `truncatedFile`, `malformedFile`.
    mutating func readString(of what: String) throws(ModelError) -> String {
        let length = Int(try read(UInt16.self, of: what))
        let start = try skip(length, of: what)
        let text = file.withUnsafeBytes { bytes -> String? in
            guard length > 0, bytes[start + length - 1] == 0 else { return nil }
            return String(validating: bytes[start..<start + length - 1], as: UTF8.self)
        }
        guard let text else {
            throw ModelError(
                .malformedFile, "\(file.path): \(what) at byte \(start) is not a NUL-terminated UTF-8 string")
        }
        return text
    }

    /// Steps over `byteCount` bytes and returns where they start.
    ///
    /// - Throws: `truncatedFile`.
    mutating func skip(_ byteCount: Int, of what: String) throws(ModelError) -> Int {
        guard byteCount <= file.byteCount - offset else {
            throw ModelError(
                .truncatedFile,
                "\(file.path): ends at byte \(file.byteCount), inside \(what) (\(byteCount) bytes at byte \(offset))")
        }
        defer { offset += byteCount }
        return offset
    }
}
