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

    func validate() throws {
        if translate, task == .transcribe {
            throw ValidationError("--translate and --task transcribe exclude each other")
        }
    }

    func apply(to options: inout TranscriptionOptions) {
        options.language = language.value
        options.task = translate ? .translate : task ?? .transcribe
    }
}
