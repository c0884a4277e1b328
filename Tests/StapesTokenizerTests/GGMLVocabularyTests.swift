import StapesTesting
import StapesTokenizer
import Testing

/// The vocabulary of a ggml file, without the model around it.
struct GGMLVocabularyTests {
    /// A file up to where its weights begin.
    static func head(vocabularySize: Int, tokens: [[UInt8]], tokenCount: Int? = nil, melBins: Int32 = 2) -> [UInt8] {
        var file: [UInt8] = []
        func append(_ number: Int32) { withUnsafeBytes(of: number.littleEndian) { file += $0 } }
        append(0x6767_6D6C)
        append(Int32(vocabularySize))
        for _ in 0..<8 { append(1) }
        append(2)  // mel bins
        append(1)
        append(melBins)
        append(3)  // spectrum points
        file += [UInt8](repeating: 0, count: 2 * 3 * 4)
        append(Int32(tokenCount ?? tokens.count))
        for token in tokens {
            append(Int32(token.count))
            file += token
        }
        return file
    }

    /// The bytes of `VocabularyFolder`'s ordinary tokens: all single bytes, then what its merges make.
    private static let tokens: [[UInt8]] =
        (UInt8.min...UInt8.max).map { [$0] } + ["lo", " lo", "ol", "ll", "llll", "he", "hellll"].map { Array($0.utf8) }
    private static let size = tokens.count + 1608

    private func tokenizer(_ file: [UInt8], size: Int = size) throws -> Tokenizer {
        let folder = try TemporaryDirectory()
        try folder.write(file, to: "ggml-tiny.bin")
        return try Tokenizer(directory: folder.path, vocabularySize: size)
    }

    @Test("a ggml file merges as the same vocabulary in another file")
    func sameAsVocabularyText() throws {
        let folder = try VocabularyFolder()
        let all = VocabularyFolder.ordinary + VocabularyFolder.special(languages: 99)
        try folder.write(all.joined(separator: "\n") + "\n", to: "vocabulary.txt")
        let expected = try Tokenizer(directory: folder.path, vocabularySize: Self.size)
        let tokenizer = try tokenizer(Self.head(vocabularySize: Self.size, tokens: Self.tokens))
        #expect(tokenizer.special == expected.special)
        #expect(tokenizer.nonSpeechTokens == expected.nonSpeechTokens)
        for text in ["hello lollll", " lo lo", "日本", "", "hellllllll"] {
            #expect(tokenizer.encode(text) == expected.encode(text))
        }
        #expect((0..<Self.size).allSatisfy { tokenizer.bytes(of: $0) == expected.bytes(of: $0) })
    }

    @Test("a file alone is a tokenizer")
    func fileAlone() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write(Self.head(vocabularySize: Self.size, tokens: Self.tokens), to: "model")
        let tokenizer = try Tokenizer(directory: path, vocabularySize: Self.size)
        #expect(tokenizer.ordinaryTokens == Self.tokens)
    }

    @Test("special tokens that a file lists after the ordinary ones change nothing")
    func listedSpecialTokens() throws {
        let tokens = Self.tokens + [Array("<|endoftext|>".utf8)]
        let tokenizer = try tokenizer(Self.head(vocabularySize: Self.size, tokens: tokens))
        #expect(tokenizer.special.endOfText == Self.tokens.count)
        #expect(tokenizer.ordinaryTokens == Self.tokens)
    }

    @Test("special tokens follow from the model's size", arguments: [51864, 51865, 51866])
    func families(size: Int) throws {
        let isMultilingual = size > 51864
        let ordinary = VocabularyFolder.padded(to: isMultilingual ? 50257 : 50256)
        let folder = try VocabularyFolder()
        let all = ordinary + VocabularyFolder.special(languages: size == 51866 ? 100 : 99)
        try folder.write(all.joined(separator: "\n") + "\n", to: "vocabulary.txt")
        let expected = try Tokenizer(directory: folder.path, vocabularySize: size)
        let tokenizer = try tokenizer(
            Self.head(vocabularySize: size, tokens: expected.ordinaryTokens), size: size)
        #expect(tokenizer.special == expected.special)
        #expect(
            tokenizer.special.languages.map { tokenizer.languageCode($0) }
                == expected.special.languages.map { expected.languageCode($0) })
    }

    @Test("every truncation is an error that names the file")
    func truncations() throws {
        let file = Self.head(vocabularySize: Self.size, tokens: Self.tokens)
        let folder = try TemporaryDirectory()
        for length in 0..<file.count {
            let path = try folder.write(Array(file[..<length]), to: "ggml-tiny.bin")
            let error = #expect(throws: TokenizerError.self) {
                try Tokenizer(directory: path, vocabularySize: Self.size)
            }
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test("sizes that contradict each other are errors")
    func contradictions() throws {
        let tokens = Self.tokens
        let files = [
            Self.head(vocabularySize: Self.size, tokens: tokens, melBins: 3),
            Self.head(vocabularySize: Self.size, tokens: tokens, melBins: -2),
            Self.head(vocabularySize: Self.size, tokens: tokens, tokenCount: -1),
            Self.head(vocabularySize: Self.size, tokens: tokens, tokenCount: Int(Int32.max)),
            Self.head(vocabularySize: Self.size, tokens: Array(tokens.dropLast())),
            Self.head(vocabularySize: Self.size + 1, tokens: tokens),
            Self.head(vocabularySize: Int(Int32.max), tokens: tokens), Self.head(vocabularySize: -1, tokens: tokens),
            Self.head(vocabularySize: 1608, tokens: []), Self.head(vocabularySize: 51867, tokens: tokens),
            Self.head(vocabularySize: Self.size, tokens: [[0x62]] + tokens.dropFirst()),
        ]
        for file in files { #expect(throws: TokenizerError.self) { try tokenizer(file) } }
    }

    @Test("our tokenizer.json and vocabulary.json are read as the file they were made from")
    func otherFiles() throws {
        let tokenizer = try tokenizer(Self.head(vocabularySize: Self.size, tokens: Self.tokens))
        #expect(tokenizer.merges().map { $0.left + $0.right } == Array(Self.tokens[256...]))
        for (name, text) in [
            ("tokenizer.json", tokenizer.tokenizerJSON()), ("vocabulary.json", tokenizer.vocabularyJSON()),
        ] {
            let folder = try TemporaryDirectory()
            try folder.write(text, to: name)
            let copy = try Tokenizer(directory: folder.path, vocabularySize: Self.size)
            #expect(copy.special == tokenizer.special)
            #expect(copy.ordinaryTokens == tokenizer.ordinaryTokens)
            #expect(copy.encode("hello lollll") == tokenizer.encode("hello lollll"))
        }
    }
}

/// Real vocabularies through a ggml file.
struct RealGGMLVocabularyTests {
    private static let corpus = [
        "Hello world", " It's 3.14, isn't it?", "naïve café — déjà vu", "日本語のテスト", "ПРИВЕТ, мир!",
        "👩\u{200D}👩\u{200D}👧 ok", "a\n\n b  c   ", "12345 67½", "WE'LL we'll 're", "한국어 소리", " ♪ la la ♪",
        "\u{A0}x\u{3000}y", "supercalifragilisticexpialidocious", "<|en|>", "ไม่เป็นไร", "مرحبا بالعالم", "שלום עולם",
        "Größe, Straße", "नमस्ते दुनिया", "Xin chào thế giới", "", " ", "\u{0}\u{1F}",
    ]

    private func expectSame(_ directory: String, vocabularySize: Int) throws {
        let original = try Tokenizer(directory: directory, vocabularySize: vocabularySize)
        let folder = try TemporaryDirectory()
        try folder.write(
            GGMLVocabularyTests.head(vocabularySize: vocabularySize, tokens: original.ordinaryTokens), to: "ggml.bin")
        let copy = try Tokenizer(directory: folder.path, vocabularySize: vocabularySize)
        #expect(copy.special == original.special)
        #expect(copy.nonSpeechTokens == original.nonSpeechTokens)
        for text in Self.corpus {
            #expect(copy.encode(text) == original.encode(text))
            #expect(copy.decode(original.encode(text)) == text)
        }
        for id in 0..<original.special.endOfText { #expect(copy.bytes(of: id) == original.bytes(of: id)) }
    }

    @Test("the multilingual vocabulary", .enabled(if: TestModels.hasBase, "needs the model base"))
    func base() throws { try expectSame(TestModels.base, vocabularySize: 51865) }

    @Test("the English-only vocabulary", .enabled(if: TestModels.hasTinyEnglish, "needs the model tiny.en"))
    func tinyEnglish() throws { try expectSame(TestModels.tinyEnglish, vocabularySize: 51864) }
}
