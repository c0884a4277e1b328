/// RFC 4648's base64 with its padding, read strictly: no white space, no other alphabet, no bits that stand for
/// nothing.
package enum Base64 {
    private static let invalid: UInt8 = 0xFF
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    /// Six bits by letter.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: invalid, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    /// Nil if the text is not base64.
    package static func bytes(of text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { bytes(of: $0) }
    }

    private static func bytes(of text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        guard !text.isEmpty else { return [] }
        let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        let count = text.count / 4 * 3 - padding
        var isValid = true
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            initialized = count
            isValid = values.withUnsafeBufferPointer { write(text, padding: padding, values: $0, to: output) }
        }
        return isValid ? bytes : nil
    }

    private static func write(
        _ text: UnsafeBufferPointer<UInt8>, padding: Int, values: UnsafeBufferPointer<UInt8>,
        to output: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        var (position, seen): (Int, UInt8) = (0, 0)
        // Letters stand for six bits, so that only what is no letter has the highest.
        let whole = padding == 0 ? text.count : text.count - 4
        for start in stride(from: 0, to: whole, by: 4) {
            let (a, b) = (values[Int(text[start])], values[Int(text[start + 1])])
            let (c, d) = (values[Int(text[start + 2])], values[Int(text[start + 3])])
            seen |= a | b | c | d
            output[position] = a << 2 | b >> 4
            output[position + 1] = b << 4 | c >> 2
            output[position + 2] = c << 6 | d
            position += 3
        }
        guard padding > 0 else { return seen & 0x80 == 0 }
        let (a, b) = (values[Int(text[whole])], values[Int(text[whole + 1])])
        output[position] = a << 2 | b >> 4
        guard padding == 1 else { return (seen | a | b) & 0x80 == 0 && b & 0x0F == 0 }
        let c = values[Int(text[whole + 2])]
        output[position + 1] = b << 4 | c >> 2
        return (seen | a | b | c) & 0x80 == 0 && c & 0x03 == 0
    }
}
