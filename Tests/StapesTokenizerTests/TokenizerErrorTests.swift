import StapesTokenizer
import Testing

/// Broken files end in an error that names the file, never in a trap.
struct TokenizerErrorTests {
    private static let special = VocabularyFolder.special(languages: 99)
    private static let size = VocabularyFolder.ordinary.count + special.count + 1501

    private func error(_ name: String, _ text: String) throws -> TokenizerError? {
        let folder = try VocabularyFolder()
        try folder.write(text, to: name)
        let error = #expect(throws: TokenizerError.self) {
            try Tokenizer(directory: folder.path, vocabularySize: Self.size)
        }
        #expect(error?.message.contains("\(folder.path)/\(name)") == true)
        return error
    }

    @Test("a folder without a tokenizer is an error that names it")
    func missing() throws {
        let folder = try VocabularyFolder()
        let error = #expect(throws: TokenizerError.self) {
            try Tokenizer(directory: folder.path, vocabularySize: Self.size)
        }
        #expect(error?.code == .missingFile)
        #expect(error?.message.contains(folder.path) == true)
    }

    @Test(
        "text that is not the format's is malformed",
        arguments: [
            "", "{", "[]", "{}", "null", "{\"model\": {}}", "{\"model\": {\"vocab\": []}}",
            "{\"model\": {\"vocab\": {\"a\"}}}",
            "{\"model\": {\"vocab\": {\"a\": 1.}}}", "{\"model\": {\"vocab\": {\"a\": \"1\"}}}",
            "{\"model\": {\"vocab\": {\"\\x\": 1}}}", "{\"model\": {\"vocab\": {\"\\u12\": 1}}}",
            "{\"model\": {\"vocab\": {\"日\": 1}}}", "{\"model\": {\"merges\": [\"ab\"]}}",
            "{\"model\": {\"merges\": [[\"a\"]]}}", "{\"added_tokens\": [{\"id\": 1}]}",
            "{\"model\": {\"vocab\": {\"a\": 99999999999999999999}}}", "{\"a\": \"",
        ])
    func malformed(text: String) throws {
        #expect(try error("tokenizer.json", text)?.code == .malformed)
    }

    @Test("nesting without end is malformed, not a stack overflow")
    func deepNesting() throws {
        let text = "{\"a\": " + String(repeating: "[", count: 1_000_000)
        #expect(try error("tokenizer.json", text)?.code == .malformed)
    }

    @Test("every prefix of a good file is refused")
    func truncated() throws {
        let merges = VocabularyFolder.merges.map { VocabularyFolder.quoted("\($0) \($1)") }
        let text = VocabularyFolder.tokenizerJSON(special: Self.special, merges: merges)
        for count in stride(from: 0, to: text.count - 1, by: 997) {
            #expect(try error("tokenizer.json", String(text.prefix(count)))?.code == .malformed)
        }
    }

    @Test("tokens that do not fit together are inconsistent")
    func inconsistent() throws {
        let ordinary = VocabularyFolder.ordinary
        func file(_ tokens: [String]) throws -> TokenizerError.Code? {
            try error("vocabulary.txt", tokens.joined(separator: "\n"))?.code
        }
        #expect(try file(ordinary + Self.special.dropLast()) == .inconsistent)
        #expect(try file(ordinary.dropLast() + Self.special) == .inconsistent)
        #expect(try file(ordinary.dropLast() + ["lo"] + Self.special) == .inconsistent)
        #expect(try file(ordinary.dropFirst() + ["xyz"] + Self.special) == .inconsistent)
        #expect(try file(ordinary + Self.special.reversed()) == .inconsistent)
    }

    @Test("merges in another order than the ids are inconsistent")
    func mergeOrder() throws {
        let merges = VocabularyFolder.merges.reversed().map { VocabularyFolder.quoted("\($0) \($1)") }
        let text = VocabularyFolder.tokenizerJSON(special: Self.special, merges: merges)
        #expect(try error("tokenizer.json", text)?.code == .inconsistent)
        let unknown = VocabularyFolder.tokenizerJSON(special: Self.special, merges: ["\"x y\""])
        #expect(try error("tokenizer.json", unknown)?.code == .inconsistent)
    }

    @Test("a wild id is refused before memory is taken for it", arguments: [-1, 1_000_000, 99_999_999_999])
    func wildId(id: Int) throws {
        #expect(try error("tokenizer.json", "{\"model\": {\"vocab\": {\"a\": \(id)}}}")?.code == .inconsistent)
    }
}
