import ArgumentParser
import Stapes

/// When a window's result is good enough, and when it is silence.
struct ThresholdFlags: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Compression ratio above which a text repeats itself too much; None turns it off. (default: 2.4)",
            valueName: "ratio"),
        transform: { try Parsed(OptionParsing.threshold($0)) })
    var compressionRatioThreshold = Parsed<Double>(2.4)

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
            "Skip a window as silence above this probability of no speech, when its text is also unlikely; None turns it off. (default: 0.6)",
            valueName: "probability"),
        transform: { try Parsed(OptionParsing.threshold($0)) })
    var noSpeechThreshold = Parsed<Double>(0.6)

    func apply(to options: inout TranscriptionOptions) {
        options.compressionRatioThreshold = compressionRatioThreshold.value
        options.logProbabilityThreshold = logprobThreshold.value
        options.noSpeechThreshold = noSpeechThreshold.value
    }
}
