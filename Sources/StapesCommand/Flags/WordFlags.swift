import ArgumentParser
import Stapes

/// When each word is spoken. Names are whisper's.
struct WordFlags: ParsableArguments {
    @Flag(help: "Find out when each word is spoken: words in json and jsonl, layout of srt and vtt.")
    var wordTimestamps = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Signs that belong to the word after them. (default: whisper's)", valueName: "signs"))
    var prependPunctuations: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Signs that belong to the word before them. (default: whisper's)", valueName: "signs"))
    var appendPunctuations: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Skip silences longer than this where the text around them looks made up; needs --word-timestamps. (default: None)",
            valueName: "seconds"),
        transform: { try Parsed(OptionParsing.threshold($0)) })
    var hallucinationSilenceThreshold = Parsed<Double>(nil)

    func apply(to options: inout TranscriptionOptions) {
        options.wordTimestamps = wordTimestamps
        options.prependedPunctuation = prependPunctuations
        options.appendedPunctuation = appendPunctuations
        options.hallucinationSilenceThreshold = hallucinationSilenceThreshold.value
    }

    func validate() throws {
        if hallucinationSilenceThreshold.value != nil, !wordTimestamps {
            throw ValidationError("--hallucination-silence-threshold requires --word-timestamps")
        }
    }
}
