/// Cuts text into the pieces that byte pairs are merged within, as GPT-2 does.
///
/// The pattern it stands for, first match wins:
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
package struct PieceScanner {
    private enum Kind {
        case letter, number, space, other
    }

    private let text: UnsafeBufferPointer<UInt8>
    private var position = 0

    /// - Parameter text: valid UTF-8 that must outlive the scanner.
    package init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
    }

    /// The byte range of the next piece; nil at the end.
    package mutating func next() -> Range<Int>? {
        guard position < text.count else { return nil }
        let start = position
        position = contractionEnd(from: start) ?? wordEnd(from: start) ?? spaceEnd(from: start)
        return start..<position
    }

    /// The end of `'s`, `'re` and their like.
    private func contractionEnd(from start: Int) -> Int? {
        guard text[start] == UInt8(ascii: "'"), start + 1 < text.count else { return nil }
        switch text[start + 1] {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return start + 2
        case let byte where start + 2 < text.count:
            let isPair =
                byte == UInt8(ascii: "r") && text[start + 2] == UInt8(ascii: "e")
                || byte == UInt8(ascii: "v") && text[start + 2] == UInt8(ascii: "e")
                || byte == UInt8(ascii: "l") && text[start + 2] == UInt8(ascii: "l")
            return isPair ? start + 3 : nil
        default: return nil
        }
    }

    /// The end of a run of one kind that is not white space, a single U+0020 before it included.
    private func wordEnd(from start: Int) -> Int? {
        let first = text[start] == UInt8(ascii: " ") ? start + 1 : start
        guard first < text.count else { return nil }
        var (kind, end) = scalar(at: first)
        guard kind != .space else { return nil }
        while end < text.count {
            let following = scalar(at: end)
            guard following.kind == kind else { break }
            end = following.end
        }
        return end
    }

    /// The end of a run of white space. If something follows, the run leaves its last scalar to it, unless it is all.
    private func spaceEnd(from start: Int) -> Int {
        var last = start
        var end = start
        while end < text.count {
            let following = scalar(at: end)
            guard following.kind == .space else { return last > start ? last : end }
            last = end
            end = following.end
        }
        return end
    }

    private func scalar(at position: Int) -> (kind: Kind, end: Int) {
        let lead = text[position]
        if lead < 0x80 { return (Self.kind(ofASCII: lead), position + 1) }
        func trail(_ index: Int) -> UInt32 { UInt32(text[position + index] & 0x3F) }
        let value: UInt32
        let count: Int
        switch lead {
        case 0..<0xE0: (value, count) = (UInt32(lead & 0x1F) << 6 | trail(1), 2)
        case 0xE0..<0xF0: (value, count) = (UInt32(lead & 0x0F) << 12 | trail(1) << 6 | trail(2), 3)
        default: (value, count) = (UInt32(lead & 0x07) << 18 | trail(1) << 12 | trail(2) << 6 | trail(3), 4)
        }
        return (Unicode.Scalar(value).map(Self.kind) ?? .other, position + count)
    }

    private static func kind(ofASCII byte: UInt8) -> Kind {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): .letter
        case UInt8(ascii: "0")...UInt8(ascii: "9"): .number
        case 0x20, 0x09...0x0D: .space
        default: .other
        }
    }

    private static func kind(of scalar: Unicode.Scalar) -> Kind {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
        case .decimalNumber, .letterNumber, .otherNumber: .number
        default: scalar.properties.isWhitespace ? .space : .other
        }
    }
}
