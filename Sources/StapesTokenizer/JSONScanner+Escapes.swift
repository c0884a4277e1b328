extension JSONScanner {
    /// Reads what follows a backslash and appends the UTF-8 of the character meant.
    mutating func escape(into bytes: inout [UInt8]) throws(Failure) {
        switch take() {
        case UInt8(ascii: "u"): bytes.append(contentsOf: String(try unicodeEscape()).utf8)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "\""): bytes.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): bytes.append(UInt8(ascii: "/"))
        default: throw failure("an escape sequence")
        }
    }

    /// The scalar of `\uXXXX`, or of two in a row that make a surrogate pair; U+FFFD for half a pair.
    private mutating func unicodeEscape() throws(Failure) -> Unicode.Scalar {
        let unit = try hexadecimal()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        let bookmark = self
        if UTF16.isLeadSurrogate(unit), take() == UInt8(ascii: "\\"), take() == UInt8(ascii: "u") {
            let trail = try hexadecimal()
            if UTF16.isTrailSurrogate(trail) {
                return Unicode.Scalar(0x10000 + UInt32(unit & 0x3FF) << 10 + UInt32(trail & 0x3FF)) ?? "\u{FFFD}"
            }
        }
        self = bookmark
        return "\u{FFFD}"
    }

    private mutating func hexadecimal() throws(Failure) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch take() {
            case let byte? where byte &- UInt8(ascii: "0") < 10: digit = byte - UInt8(ascii: "0")
            case let byte? where (byte | 0x20) &- UInt8(ascii: "a") < 6: digit = (byte | 0x20) - UInt8(ascii: "a") + 10
            default: throw failure("a hexadecimal digit")
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
