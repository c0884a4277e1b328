import StapesTesting
import StapesTokenizer
import Testing

/// The real tokenizers. The expected ids were written by tiktoken 0.14.0 with the vocabularies of openai/whisper 20250625.
@Suite(.enabled(if: TestModels.hasBase, "needs the model base"))
struct MultilingualTokenizerTests {
    private static let tokenizer = Result {
        try Tokenizer(directory: TestModels.base, vocabularySize: 51865)
    }

    @Test(
        "encoding gives tiktoken's ids, decoding the text",
        arguments: [
            ("Hello world", [15947, 1002]),
            (" It's 3.14, isn't it?", [467, 311, 805, 13, 7271, 11, 1943, 380, 309, 30]),
            ("naïve café — déjà vu", [629, 15487, 303, 25118, 3466, 12027, 9732]),
            ("日本語のテスト", [27311, 31348, 2972, 22985, 40498]),
            ("ПРИВЕТ, мир!", [9223, 45683, 8578, 47865, 11, 20536, 0]),
            ("👩\u{200D}👩\u{200D}👧 ok", [31017, 102, 913, 235, 31017, 102, 913, 235, 31017, 100, 3133]),
            ("a\n\n b  c   ", [64, 198, 198, 272, 220, 269, 220, 220, 220]),
            ("12345 67½", [4762, 18, 8465, 23879, 126, 121]),
            ("WE'LL we'll 're", [37937, 6, 24010, 321, 603, 922, 265]),
            ("한국어 소리", [3049, 7854, 3103, 21652]),
            (" ♪ la la ♪", [931, 635, 635, 931]),
            ("\u{A0}x\u{3000}y", [126, 254, 87, 756, 222, 88]),
            ("supercalifragilisticexpialidocious", [48172, 9895, 351, 3731, 388, 468, 573, 87, 79, 831, 2925, 4139]),
            ("<|en|>", [27, 91, 268, 91, 29]),
            ("ไม่เป็นไร", [19417, 4294, 23379, 12055, 4131, 39180]),
        ] as [(String, [Int])])
    func matchesReference(text: String, ids: [Int]) throws {
        let tokenizer = try Self.tokenizer.get()
        #expect(tokenizer.encode(text) == ids)
        #expect(tokenizer.decode(ids) == text)
    }

    @Test("the 82 non-speech tokens are the ones the model suppresses, special ones aside")
    func nonSpeech() throws {
        let tokenizer = try Self.tokenizer.get()
        #expect(tokenizer.nonSpeechTokens.count == 82)
        #expect(
            try tokenizer.nonSpeechTokens
                == TestModels.suppressedTokens(of: TestModels.base).filter { $0 < tokenizer.special.endOfText }.sorted()
        )
    }

    @Test("the language tokens have Whisper's order")
    func languages() throws {
        let tokenizer = try Self.tokenizer.get()
        #expect(tokenizer.special.languages.map { tokenizer.languageCode($0) } == Languages.all.prefix(99).map(\.code))
        #expect(tokenizer.special.timestampEnd == 51864)
    }
}

@Suite(.enabled(if: TestModels.hasTinyEnglish, "needs the model tiny.en"))
struct EnglishTokenizerTests {
    private static let tokenizer = Result {
        try Tokenizer(directory: TestModels.tinyEnglish, vocabularySize: 51864)
    }

    @Test(
        "encoding gives tiktoken's ids, decoding the text",
        arguments: [
            ("Hello world", [15496, 995]),
            (" It's 3.14, isn't it?", [632, 338, 513, 13, 1415, 11, 2125, 470, 340, 30]),
            ("naïve café — déjà vu", [2616, 38776, 40304, 851, 39073, 73, 24247, 410, 84]),
            ("日本語のテスト", [33768, 98, 17312, 105, 45739, 252, 5641, 24336, 43302]),
            (
                "ПРИВЕТ, мир!",
                [140, 253, 140, 254, 140, 246, 140, 240, 140, 243, 140, 95, 11, 12466, 120, 18849, 21169, 0]
            ),
            ("👩\u{200D}👩\u{200D}👧 ok", [41840, 102, 447, 235, 41840, 102, 447, 235, 41840, 100, 12876]),
            ("a\n\n b  c   ", [64, 628, 275, 220, 269, 220, 220, 220]),
            ("12345 67½", [10163, 2231, 8275, 23141]),
            ("WE'LL we'll 're", [8845, 6, 3069, 356, 1183, 705, 260]),
            ("한국어 소리", [47991, 250, 166, 113, 255, 168, 244, 112, 23821, 228, 234, 167, 99, 105]),
            (" ♪ la la ♪", [20724, 103, 8591, 8591, 20724, 103]),
            ("\u{A0}x\u{3000}y", [1849, 87, 5099, 222, 88]),
            ("supercalifragilisticexpialidocious", [16668, 9948, 361, 22562, 346, 396, 501, 42372, 498, 312, 32346]),
            ("<|en|>", [27, 91, 268, 91, 29]),
            (
                "ไม่เป็นไร",
                [
                    31479, 226, 19567, 94, 31479, 230, 31479, 222, 19567, 249, 31479, 229, 19567, 247, 31479, 226,
                    19567, 96,
                ]
            ),
        ] as [(String, [Int])])
    func matchesReference(text: String, ids: [Int]) throws {
        let tokenizer = try Self.tokenizer.get()
        #expect(tokenizer.encode(text) == ids)
        #expect(tokenizer.decode(ids) == text)
    }

    @Test("the 84 non-speech tokens are the ones the model suppresses, special ones aside")
    func nonSpeech() throws {
        let tokenizer = try Self.tokenizer.get()
        #expect(tokenizer.nonSpeechTokens.count == 84)
        #expect(
            try tokenizer.nonSpeechTokens
                == TestModels.suppressedTokens(of: TestModels.tinyEnglish).filter { $0 < tokenizer.special.endOfText }
                .sorted())
    }
}
