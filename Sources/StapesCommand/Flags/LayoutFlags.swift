import ArgumentParser
import StapesFormats

/// How srt and vtt are broken into cues and lines. Names and meaning are whisper's.
package struct LayoutFlags: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Characters a line of srt and vtt; needs --word-timestamps, as the next three do. (default: no limit)",
            valueName: "count"),
        transform: { try Parsed(OptionParsing.layoutLimit($0)) })
    var maxLineWidth = Parsed<Int>(nil)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Lines a subtitle, filled across segments; with --max-line-width. (default: no limit)", valueName: "count"),
        transform: { try Parsed(OptionParsing.layoutLimit($0)) })
    var maxLineCount = Parsed<Int>(nil)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Words a subtitle; not with both of the above. (default: no limit)", valueName: "count"),
        transform: { try Parsed(OptionParsing.layoutLimit($0)) })
    var maxWordsPerLine = Parsed<Int>(nil)

    @Flag(help: "Underline each word in srt and vtt while it is spoken.")
    var highlightWords = false

    package init() {}

    package var options: LayoutOptions {
        LayoutOptions(
            maximumLineWidth: maxLineWidth.value, maximumLineCount: maxLineCount.value,
            maximumWordsPerLine: maxWordsPerLine.value, highlightsWords: highlightWords)
    }

    /// Without word times there is nothing to lay out; whisper refuses that too.
    ///
    /// - Throws: `ValidationError` that names the first flag that asks for it.
    package func validate(wordTimestamps: Bool) throws {
        guard !wordTimestamps else { return }
        let flags = [
            ("highlight-words", highlightWords), ("max-line-count", maxLineCount.value != nil),
            ("max-line-width", maxLineWidth.value != nil), ("max-words-per-line", maxWordsPerLine.value != nil),
        ]
        if let (name, _) = flags.first(where: \.1) {
            throw ValidationError("--\(name) requires --word-timestamps")
        }
    }

    /// What is given and changes nothing. Whisper warns of it as well and goes on; of words a line it does so whenever
    /// there is a line width, though without a line count both limits hold.
    package var warnings: [String] {
        let (width, count) = (maxLineWidth.value, maxLineCount.value)
        if count != nil, width == nil { return ["--max-line-count has no effect without --max-line-width"] }
        if maxWordsPerLine.value != nil, width != nil, count != nil {
            return ["--max-words-per-line has no effect with --max-line-width and --max-line-count"]
        }
        return []
    }
}
