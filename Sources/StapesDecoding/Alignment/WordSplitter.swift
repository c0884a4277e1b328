/// Cuts ids into words.
package struct WordSplitter: Sendable {
    package struct Piece: Sendable, Hashable {
        package var text: String
        package var tokens: [Int]

        package init(text: String, tokens: [Int]) {
            self.text = text
            self.tokens = tokens
        }
    }

    private let coder: any TextCoder
    private let joinsPieces: Bool

    /// Written without spaces: there every piece that is whole characters counts as a word.
    private static let languagesWithoutSpaces: Set<String> = ["zh", "ja", "th", "lo", "my", "yue"]

    /// `string.punctuation` of Python.
    private static let punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

    /// - Parameter language: a code, as in Whisper's tokens.
    package init(language: String, coder: some TextCoder) {
        self.coder = coder
        joinsPieces = !Self.languagesWithoutSpaces.contains(language)
    }

    /// Follows `split_to_word_tokens` of the reference (decoding.md, section 7.5). Bytes at the end that never become
    /// characters may be left out, as there.
    package func split(_ tokens: [Int]) -> [Piece] {
        joinsPieces ? join(characters(tokens)) : characters(tokens)
    }

    /// The smallest pieces that are whole characters, or as broken as the whole text is there
    /// (`split_tokens_on_unicode`).
    private func characters(_ tokens: [Int]) -> [Piece] {
        let whole = Array(text(tokens).unicodeScalars)
        var pieces: [Piece] = []
        var open: [Int] = []
        var offset = 0
        for token in tokens {
            open.append(token)
            let text = text(open)
            let scalars = text.unicodeScalars
            if let broken = scalars.enumerated().first(where: { $0.element == Self.replacement })?.offset {
                guard offset + broken < whole.count, whole[offset + broken] == Self.replacement else { continue }
            }
            pieces.append(Piece(text: text, tokens: open))
            open = []
            offset += scalars.count
        }
        return pieces
    }

    /// What follows a space, is a sign, or is no text begins a word (`split_tokens_on_spaces`).
    private func join(_ pieces: [Piece]) -> [Piece] {
        var words: [Piece] = []
        for piece in pieces {
            let isSpecial = piece.tokens[0] >= coder.special.endOfText
            let isSign = piece.text.strippingWhitespace().isPart(of: Self.punctuation)
            if words.isEmpty || isSpecial || piece.text.beginsWithSpace || isSign {
                words.append(piece)
            } else {
                words[words.count - 1].text += piece.text
                words[words.count - 1].tokens += piece.tokens
            }
        }
        return words
    }

    private static let replacement: Unicode.Scalar = "\u{FFFD}"

    private func text(_ tokens: [Int]) -> String {
        String(decoding: tokens.flatMap { coder.bytes(of: $0) }, as: UTF8.self)
    }
}
