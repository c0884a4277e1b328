import ArgumentParser
import Stapes

/// How the words are chosen. Names and defaults are whisper's.
struct DecodingFlags: ParsableArguments {
    @Option(
        name: [.customLong("initial-prompt"), .customLong("prompt")], parsing: .unconditional,
        help: ArgumentHelp(
            "Text that the first window continues: names, spelling, style.", valueName: "text"))
    var initialPrompt: String?

    @Flag(inversion: .prefixedNo, help: "Give each window the text of those before it.")
    var conditionOnPreviousText = true

    @Flag(help: "Do not ask the model for times: each segment covers a whole window.")
    var noTimestamps = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Token ids never to be chosen, separated by commas; -1 stands for symbols that are not spoken. (default: -1)",
            valueName: "ids"),
        transform: { try Parsed(OptionParsing.suppressTokens($0)) })
    var suppressTokens = Parsed<[Int]>(nil)

    @Flag(inversion: .prefixedNo, help: "Do not let a window begin with a blank.")
    var suppressBlank = true

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Skip a window as silence above this probability of no speech, when its text is also unlikely; None turns it off. (default: 0.6)",
            valueName: "probability"),
        transform: { try Parsed(OptionParsing.threshold($0)) })
    var noSpeechThreshold = Parsed<Double>(0.6)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Average log-probability below which a text counts as unlikely; None turns it off. (default: -1.0)",
            valueName: "logprob"),
        transform: { try Parsed(OptionParsing.threshold($0)) })
    var logprobThreshold = Parsed<Double>(-1.0)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "0 takes the likeliest token at every step; above, tokens are drawn at this temperature. (default: 0)",
            valueName: "number"),
        transform: OptionParsing.temperature)
    var temperature: Double = 0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Names the random numbers that tokens are drawn by. (default: 0)", valueName: "number"),
        transform: OptionParsing.seed)
    var seed: UInt64 = 0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Encoder positions of 20 ms that a window is made of, 1 to 1500; fewer cost less time and some accuracy. (default: 1500)",
            valueName: "count"),
        transform: OptionParsing.audioContext)
    var audioContext: Int?

    var options: TranscriptionOptions {
        var options = TranscriptionOptions()
        options.initialPrompt = initialPrompt
        options.conditionOnPreviousText = conditionOnPreviousText
        options.timestamps = !noTimestamps
        options.suppressTokens = suppressTokens.value
        options.suppressBlank = suppressBlank
        options.noSpeechThreshold = noSpeechThreshold.value
        options.logProbabilityThreshold = logprobThreshold.value
        options.temperature = temperature
        options.seed = seed
        options.audioContext = audioContext
        return options
    }
}
