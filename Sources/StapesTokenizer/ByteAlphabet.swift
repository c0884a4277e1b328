/// The printable spelling GPT-2's files use for bytes: each byte is one character.
///
/// Bytes with a visible Latin-1 character stand for themselves; the other 68, in ascending order, are spelled U+0100,
/// U+0101, and so on. A space is therefore `Ġ`, and a token never holds white space in a file.
enum ByteAlphabet {
    /// The byte each scalar below U+0144 spells, or -1 where it spells none.
    private static let byteOfScalar: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x100 + 68)
        var spelling = 0x100
        for byte in 0...255 {
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF:
                table[byte] = Int16(byte)
            default:
                table[spelling] = Int16(byte)
                spelling += 1
            }
        }
        return table
    }()

    /// The character that spells each byte.
    private static let spellings: [Unicode.Scalar] = {
        var table = [Unicode.Scalar](repeating: "?", count: 256)
        for (scalar, byte) in byteOfScalar.enumerated() where byte >= 0 {
            table[Int(byte)] = Unicode.Scalar(UInt16(scalar)) ?? "?"
        }
        return table
    }()

    /// How a file spells a token.
    static func spelling(of bytes: some Sequence<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(spellings[Int(byte)]) }
        return String(text)
    }

    /// Appends the bytes that a token's spelling stands for.
    ///
    /// - Parameter spelling: UTF-8 of the token as the file has it.
    /// - Returns: false if a character is not in the alphabet; `bytes` may then have grown.
    static func append(spelling: some Sequence<UInt8>, to bytes: inout [UInt8]) -> Bool {
        byteOfScalar.withUnsafeBufferPointer { table in
            var iterator = spelling.makeIterator()
            while let lead = iterator.next() {
                var scalar = Int(lead)
                if lead >= 0x80 {
                    // The alphabet ends at U+0143, so two-byte sequences are all there is.
                    guard lead & 0xE0 == 0xC0, let trail = iterator.next() else { return false }
                    scalar = Int(lead & 0x1F) << 6 | Int(trail & 0x3F)
                }
                guard scalar < table.count, table[scalar] >= 0 else { return false }
                bytes.append(UInt8(table[scalar]))
            }
            return true
        }
    }
}
