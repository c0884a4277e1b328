import Stapes

/// The text of a turn while it is heard, in pieces that only ever add to it.
///
/// A client cannot take a piece back. So text is told when it is final, or when two looks in a row have it in the same
/// words: a heuristic (local agreement), which the probability that a word stays would replace. Where what was told is
/// heard otherwise after all, telling goes on after the final text, and the whole text at the end puts it right.
package struct GrowingTranscript: Sendable, Hashable {
    private var final = ""
    /// All that the last look at what is not final made of the turn.
    private var look = ""
    /// What was told, or what final text took its place.
    private var told = ""

    package init() {}

    /// Takes what was heard; returns what there is to tell, if anything.
    package mutating func hear(_ result: LiveResult) -> String? {
        if result.isFinal {
            final += result.text
            let text = Self.trimmed(final)
            let piece = tell(text)
            // Longer text was agreed on before, or other text.
            if piece == nil, !told.utf8.starts(with: text.utf8) { told = text }
            return piece
        }
        let text = final + result.text
        let agreed = Self.agreement(look, text)
        look = text
        return tell(Self.trimmed(agreed.utf8.count > final.utf8.count ? agreed : final))
    }

    /// Nothing more is heard: the rest that was not told, if it adds to what was, and the whole text.
    package mutating func finish() -> (piece: String?, text: String) {
        let text = Self.trimmed(final)
        return (tell(text), text)
    }

    private mutating func tell(_ text: String) -> String? {
        guard text.utf8.count > told.utf8.count, text.utf8.starts(with: told.utf8) else { return nil }
        let piece = String(decoding: text.utf8.dropFirst(told.utf8.count), as: UTF8.self)
        told = text
        return piece
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...].drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// The words that both texts begin with.
    private static func agreement(_ first: String, _ second: String) -> String {
        let (a, b) = (Array(first), Array(second))
        let common = zip(a, b).prefix { $0 == $1 }.count
        let cut = (0...common).last { end in
            let isWhole = [a, b].allSatisfy { end == $0.count || $0[end].isWhitespace }
            return end == 0 || isWhole || isUnspaced(a[end - 1])
        }
        return String(b.prefix(cut ?? 0))
    }

    /// Whether a letter stands in a script that writes no spaces between words: from the Chinese radicals on, with
    /// kana, and Thai to Tibetan.
    private static func isUnspaced(_ letter: Character) -> Bool {
        letter.unicodeScalars.contains { scalar in
            switch scalar.value {
            case 0x0E00...0x0FFF, 0x2E80...0xABFF, 0xF900...0xFAFF, 0x20000...0x3FFFF: true
            default: false
            }
        }
    }
}
