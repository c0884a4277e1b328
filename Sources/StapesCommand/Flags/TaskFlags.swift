import ArgumentParser
import Stapes

/// What is asked of the speech: its language, and whether to translate it.
struct TaskFlags: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Spoken language: a code (de), a name (german) or auto, which listens first. (default: auto)",
            valueName: "language"),
        transform: { try Parsed(OptionParsing.language($0)) })
    var language = Parsed<String>(nil)

    @Option(
        help: ArgumentHelp(
            "transcribe keeps the language, translate gives English text. (default: transcribe)", valueName: "task"),
        transform: OptionParsing.task)
    var task: TranscriptionTask?

    @Flag(help: "Short for --task translate.")
    var translate = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Windows that are listened to for the language, at most. (default: 1)", valueName: "count"),
        transform: { try OptionParsing.count($0) ?? 1 })
    var languageDetectionSegments: Int = 1

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "A window that makes a language at least as likely decides. (default: 0.5)", valueName: "probability"),
        transform: OptionParsing.number)
    var languageDetectionThreshold: Double = 0.5

    @Flag(help: "Listen for the language in every window anew.")
    var multilingual = false

    func validate() throws {
        if translate, task == .transcribe {
            throw ValidationError("--translate and --task transcribe exclude each other")
        }
    }

    func apply(to options: inout TranscriptionOptions) {
        options.language = language.value
        options.languageDetectionWindows = languageDetectionSegments
        options.languageDetectionThreshold = languageDetectionThreshold
        options.multilingual = multilingual
        options.task = translate ? .translate : task ?? .transcribe
    }
}
