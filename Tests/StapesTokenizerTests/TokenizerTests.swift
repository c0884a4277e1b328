import StapesTokenizer
import Testing

/// Tokenizers made of small vocabularies, where the right answer can be seen.
struct TokenizerTests {
    private static let special = VocabularyFolder.special(languages: 99)
    /// The count with stamps, which `tokenizer.json` does not list.
    private static let size = VocabularyFolder.ordinary.count + special.count + 1501
    private static let lo = 256, spaceLo = 257, ol = 258, ll = 259, llll = 260, he = 261, hellll = 262

    private func tokenizer(_ name: String, _ text: String) throws -> Tokenizer {
        let folder = try VocabularyFolder()
        try folder.write(text, to: name)
        return try Tokenizer(directory: folder.path, vocabularySize: Self.size)
    }

    private func small() throws -> Tokenizer {
        let tokens = VocabularyFolder.ordinary + Self.special + VocabularyFolder.stamps
        return try tokenizer("vocabulary.txt", tokens.joined(separator: "\n") + "\n")
    }

    @Test("the pair with the lowest id is merged first, the leftmost of equals")
    func mergeOrder() throws {
        let tokenizer = try small()
        let l = Int(UInt8(ascii: "l"))
        #expect(tokenizer.encode("lol") == [Self.lo, l])
        #expect(tokenizer.encode("lolo") == [Self.lo, Self.lo])
        #expect(tokenizer.encode("oll") == [Self.ol, l])
        #expect(tokenizer.encode("lll") == [Self.ll, l])
        #expect(tokenizer.encode("lllllll") == [Self.llll, Self.ll, l])
        #expect(tokenizer.encode("hellll") == [Self.hellll])
        #expect(tokenizer.encode(" lo") == [Self.spaceLo])
    }

    @Test("merges do not reach across pieces")
    func pieces() throws {
        #expect(try small().encode("l'll") == [Int(UInt8(ascii: "l")), Int(UInt8(ascii: "'")), Self.ll])
    }

    @Test("every text comes back, and so does a very long word")
    func roundTrip() throws {
        let tokenizer = try small()
        for text in ["", "hello", "日本 é\u{301} 👩‍👩‍👧\n\t ", String(repeating: "l", count: 100_001), "<|en|>"] {
            let tokens = tokenizer.encode(text)
            #expect(tokenizer.decode(tokens) == text)
            #expect(tokens.allSatisfy { $0 < tokenizer.special.endOfText })
        }
    }

    @Test("special tokens and stamps are not decoded, broken UTF-8 becomes U+FFFD")
    func decoding() throws {
        let tokenizer = try small()
        let special = tokenizer.special
        #expect(
            tokenizer.decode([special.startOfTranscript, Self.he, special.timestampBegin, Self.ll, special.endOfText])
                == "hell")
        #expect(tokenizer.decode([0xE6, 0x97, Self.he, 0xFF]) == "\u{FFFD}he\u{FFFD}")
        #expect(tokenizer.decode([-1, Self.he, Int.max]) == "he")
        #expect(tokenizer.bytes(of: Self.spaceLo) == Array(" lo".utf8))
        #expect(tokenizer.bytes(of: special.endOfText) == Array("<|endoftext|>".utf8))
        #expect(tokenizer.bytes(of: -1).isEmpty && tokenizer.bytes(of: 1 << 40).isEmpty)
    }

    @Test("all file formats give the same tokenizer")
    func formats() throws {
        let all = VocabularyFolder.ordinary + Self.special + VocabularyFolder.stamps
        let escaped = all.map { token in
            "\"" + token.utf16.map { "\\u" + String(String(0x10000 + Int($0), radix: 16).dropFirst()) }.joined() + "\""
        }
        let strings = VocabularyFolder.merges.map { VocabularyFolder.quoted("\($0) \($1)") }
        let pairs = VocabularyFolder.merges.map { "[\(VocabularyFolder.quoted($0)), \(VocabularyFolder.quoted($1))]" }
        let others = try [
            tokenizer("vocabulary.json", "[" + all.map(VocabularyFolder.quoted).joined(separator: ",\n") + "]"),
            tokenizer("vocabulary.json", "[" + escaped.joined(separator: ", ") + "]"),
            tokenizer("tokenizer.json", VocabularyFolder.tokenizerJSON(special: Self.special, merges: strings)),
            tokenizer("tokenizer.json", VocabularyFolder.tokenizerJSON(special: Self.special, merges: pairs)),
        ]
        let reference = try small()
        let text = "lol hello hellll, oll\n \"é\" \\ ♪"
        for other in others {
            #expect(other.special == reference.special)
            #expect(other.encode(text) == reference.encode(text))
            #expect(other.decode(other.encode(text)) == text)
            #expect(other.nonSpeechTokens == reference.nonSpeechTokens)
        }
    }
}
