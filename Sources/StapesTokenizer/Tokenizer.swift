/// Whisper's byte-level byte-pair tokenizer.
///
/// ```swift
/// let tokenizer = try Tokenizer(directory: modelDirectory, vocabularySize: 51865)
/// tokenizer.decode(tokenizer.encode(" Hello"))  // " Hello"
/// ```
package struct Tokenizer: Sendable {
    package let special: SpecialTokens
    /// Ids never sampled by default, ascending; see `NonSpeechSymbols`.
    package let nonSpeechTokens: [Int]
    private let table: TokenTable
    /// Codes of the languages, in the order of their ids.
    private let languageCodes: [String]
    private let languageTokens: [String: Int]

    /// Loads `tokenizer.json`, else `vocabulary.json`, else `vocabulary.txt`, else the one ggml file of a model's folder.
    ///
    /// - Parameters:
    ///   - directory: the folder, or a ggml file.
    ///   - vocabularySize: rows of the model's token embedding.
    /// - Throws: `missingFile`, `unreadable`, `malformed`, `inconsistent`; the message names the file.
    package init(directory: String, vocabularySize: Int) throws(TokenizerError) {
        var file = try VocabularyFile(directory: directory)
        special = try SpecialTokens(names: file.specialNames, vocabularySize: vocabularySize, file: file.path)
        try file.index(below: special.endOfText)
        table = file.table

        var codes: [String] = []
        for id in special.languages {
            let name = String(decoding: file.table.bytes(of: id) ?? [], as: UTF8.self)
            guard name.count > 4, name.hasPrefix("<|"), name.hasSuffix("|>") else {
                throw TokenizerError(.inconsistent, "\(file.path): the token \(id) does not name a language")
            }
            codes.append(String(name.dropFirst(2).dropLast(2)))
        }
        languageCodes = codes
        languageTokens = Dictionary(zip(codes, special.languages)) { first, _ in first }

        let table = file.table
        nonSpeechTokens = NonSpeechSymbols.tokens { Self.encode($0, table) }
    }

    /// The tokens of ordinary text: `<|en|>` in it is seven characters, not a token.
    package func encode(_ text: String) -> [Int] {
        Self.encode(text, table)
    }

    /// The text of tokens; ids from `endOfText` on are dropped, bytes that are not UTF-8 become U+FFFD.
    package func decode(_ tokens: some Sequence<Int>) -> String {
        var bytes: [UInt8] = []
        for token in tokens where token < special.endOfText { bytes += table.bytes(of: token) ?? [] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes of one token, which need not be whole characters. Special tokens give their name (`<|en|>`) where the
    /// file has it, ids without a name nothing.
    package func bytes(of token: Int) -> [UInt8] {
        Array(table.bytes(of: token) ?? [])
    }

    /// The token for a language code; nil for codes the model does not know, and for English-only models.
    package func languageToken(_ code: String) -> Int? {
        languageTokens[code]
    }

    /// The language code of a token; nil if it is not a language's.
    package func languageCode(_ token: Int) -> String? {
        special.languages.contains(token) ? languageCodes[token - special.languages.lowerBound] : nil
    }

    private static func encode(_ text: String, _ table: TokenTable) -> [Int] {
        var text = text
        return text.withUTF8 { utf8 in
            var tokens: [Int] = []
            tokens.reserveCapacity(utf8.count / 3)
            var merger = BytePairMerger(table: table)
            var pieces = PieceScanner(utf8)
            while let piece = pieces.next() { merger.merge(UnsafeBufferPointer(rebasing: utf8[piece]), into: &tokens) }
            return tokens
        }
    }
}
