import ArgumentParser
import Stapes

/// What is taken to come before a window's text.
struct PromptFlags: ParsableArguments {
    @Option(
        name: [.customLong("initial-prompt"), .customLong("prompt")], parsing: .unconditional,
        help: ArgumentHelp(
            "Text that the first window continues: names, spelling, style.", valueName: "text"))
    var initialPrompt: String?

    @Flag(help: "Let the initial prompt lead every window.")
    var carryInitialPrompt = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Text that every window is made to begin with.", valueName: "text"))
    var prefix: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Words that lead every window, before the text so far.", valueName: "text"))
    var hotwords: String?

    @Flag(inversion: .prefixedNo, help: "Give each window the text of those before it.")
    var conditionOnPreviousText = true

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "A text that was drawn above this temperature leads no window. (default: 0.5)", valueName: "number"),
        transform: OptionParsing.temperature)
    var promptResetOnTemperature: Double = 0.5

    func apply(to options: inout TranscriptionOptions) {
        options.initialPrompt = initialPrompt
        options.carryInitialPrompt = carryInitialPrompt
        options.prefix = prefix
        options.hotwords = hotwords
        options.conditionOnPreviousText = conditionOnPreviousText
        options.promptResetOnTemperature = promptResetOnTemperature
    }
}
