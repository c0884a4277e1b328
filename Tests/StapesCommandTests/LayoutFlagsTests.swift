import StapesCommand
import StapesFormats
import Testing

@Suite struct LayoutFlagsTests {
    private func flags(_ arguments: [String]) throws -> LayoutFlags {
        try LayoutFlags.parse(ArgumentRewrite.rewrite(arguments))
    }

    @Test func withoutFlagsThereAreNoLimits() throws {
        let flags = try flags([])
        #expect(flags.options == LayoutOptions())
        try flags.validate(wordTimestamps: false)
        #expect(flags.warnings == [])
    }

    @Test func everyFlagReachesTheOptions() throws {
        let flags = try flags([
            "--max-line-width", "42", "--max_line_count", "2", "--max_words_per_line", "5", "--highlight_words", "True",
        ])
        #expect(
            flags.options
                == LayoutOptions(
                    maximumLineWidth: 42, maximumLineCount: 2, maximumWordsPerLine: 5, highlightsWords: true))
        try flags.validate(wordTimestamps: true)
    }

    @Test(arguments: [
        ["--max-line-width", "1"], ["--max-line-count", "1"], ["--max-words-per-line", "1"], ["--highlight-words"],
    ])
    func aFlagWithoutWordTimesIsRefusedByName(_ arguments: [String]) throws {
        let flags = try flags(arguments)
        let error = #expect(throws: (any Error).self) { try flags.validate(wordTimestamps: false) }
        #expect(error.map { "\($0)" } == "\(arguments[0]) requires --word-timestamps")
    }

    @Test(arguments: [
        (["--max-line-count", "2"], "--max-line-count has no effect without --max-line-width"),
        (
            ["--max-line-width", "9", "--max-line-count", "2", "--max-words-per-line", "3"],
            "--max-words-per-line has no effect with --max-line-width and --max-line-count"
        ),
    ])
    func aLimitWithoutEffectIsWarnedOf(_ arguments: [String], _ warning: String) throws {
        #expect(try flags(arguments).warnings == [warning])
    }

    @Test(arguments: [
        ["--max-line-width", "9", "--max-line-count", "2"], ["--max-line-width", "9", "--max-words-per-line", "3"],
        ["--max-words-per-line", "3"], ["--max-line-count", "None", "--max-words-per-line", "0"],
    ])
    func limitsThatHoldAreNotWarnedOf(_ arguments: [String]) throws {
        #expect(try flags(arguments).warnings == [])
    }
}
