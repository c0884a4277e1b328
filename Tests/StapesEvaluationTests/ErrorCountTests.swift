import StapesEvaluation
import StapesTesting
import Testing

struct ErrorCountTests {
    @Test(
        "substitutions, insertions and deletions each count once",
        arguments: [
            ("a b c d", "a b c d", 0), ("a b c d", "a x c d", 1), ("a b c d", "a b c", 1), ("a b c d", "a b c d e", 1),
            ("a b c d", "", 4), ("a b c d", "d c b a", 4), ("a b c d", "b c d e", 2), ("", "", 0), ("", "x y", 2),
        ])
    func wordErrors(reference: String, hypothesis: String, errors: Int) {
        let count = errorCount(reference: reference, hypothesis: hypothesis, language: "de")
        #expect(count == ErrorCount(errors: errors, words: reference.split(separator: " ").count))
    }

    @Test("both texts are normalized before they are compared")
    func normalizedFirst() {
        let count = errorCount(reference: "twenty one people cannot", hypothesis: "21 people, cannot.", language: "en")
        #expect(count == ErrorCount(errors: 0, words: 3))
    }

    @Test("Chinese, Japanese and Korean count characters and no spaces", arguments: ["zh", "ja", "ko"])
    func characterErrors(language: String) {
        let count = errorCount(reference: "今日は 良い天気。", hypothesis: "今日 はよい天気", language: language)
        #expect(count == ErrorCount(errors: 1, words: 7))
    }

    @Test("counts add up to the corpus-level rate")
    func corpusRate() {
        var total = ErrorCount(errors: 1, words: 1)
        total += ErrorCount(errors: 0, words: 9)
        #expect(total.rate == 0.1)
        #expect(ErrorCount().rate == 0)
        #expect(ErrorCount(errors: 1).rate == .infinity)
    }
}

struct SpellingsTests {
    @Test("a file of spellings is applied to whole words")
    func fileIsRead() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(#"{"colour": "color"}"#, to: "spellings.json")
        let normalizer = TextNormalizer(language: "en", spellings: try Spellings(contentsOf: path))
        #expect(normalizer.normalize("Colour, colourful") == "color colourful")
    }

    @Test("a missing or malformed file is an error that names it")
    func badFile() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/spellings.json"
        let missing = #expect(throws: EvaluationError.self) { try Spellings(contentsOf: path) }
        #expect(missing?.code == .unreadable)
        try directory.write("[1]", to: "spellings.json")
        let malformed = #expect(throws: EvaluationError.self) { try Spellings(contentsOf: path) }
        #expect(malformed?.code == .malformed)
        #expect(malformed?.message.hasPrefix(path) == true)
    }
}
