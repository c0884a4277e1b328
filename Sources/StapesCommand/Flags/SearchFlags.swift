import ArgumentParser
import Stapes

/// Beams, samples and the ladder of temperatures.
struct SearchFlags: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Hypotheses that are followed at temperature 0; 1 or None is greedy. (default: 5)", valueName: "count"),
        transform: { try Parsed(OptionParsing.beamSize($0)) })
    var beamSize = Parsed<Int>(5)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Samples of which the best is taken above temperature 0. (default: 5)", valueName: "count"),
        transform: { try Parsed(OptionParsing.count($0)) })
    var bestOf = Parsed<Int>(5)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The beam ends with so many times its size of finished hypotheses. (default: 1.0)", valueName: "factor"),
        transform: { try Parsed(OptionParsing.threshold($0)) })
    var patience = Parsed<Double>(nil)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Exponent, 0 to 1, by which hypotheses of different lengths are compared. (default: sums over lengths)",
            valueName: "exponent"),
        transform: { try Parsed(OptionParsing.threshold($0)) })
    var lengthPenalty = Parsed<Double>(nil)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "0 takes the likeliest tokens; above, they are drawn at this temperature. (default: 0)",
            valueName: "number"),
        transform: OptionParsing.temperature)
    var temperature: Double = 0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How much is added, up to 1, when a result is not good enough; None tries once. (default: 0.2)",
            valueName: "number"),
        transform: { try Parsed(OptionParsing.threshold($0)) })
    var temperatureIncrementOnFallback = Parsed<Double>(0.2)

    @Flag(help: "Short for --temperature-increment-on-fallback None.")
    var noFallback = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Names the random numbers that tokens are drawn by. (default: 0)", valueName: "number"),
        transform: OptionParsing.seed)
    var seed: UInt64 = 0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Above 1, tokens that the window had before become less likely. (default: 1)", valueName: "factor"),
        transform: OptionParsing.number)
    var repetitionPenalty: Double = 1

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "No run of so many tokens comes twice in a window; 0 allows all. (default: 0)", valueName: "count"),
        transform: OptionParsing.wholeNumber)
    var noRepeatNgramSize: Int = 0

    func apply(to options: inout TranscriptionOptions) {
        options.beamSize = beamSize.value == 1 ? nil : beamSize.value
        options.bestOf = bestOf.value
        options.patience = patience.value
        options.lengthPenalty = lengthPenalty.value
        options.temperatures = temperatures
        options.seed = seed
        options.repetitionPenalty = repetitionPenalty
        options.noRepeatNgramSize = noRepeatNgramSize
    }

    /// The reference's `np.arange(temperature, 1 + 1e-6, increment)`.
    private var temperatures: [Double] {
        guard !noFallback, let increment = temperatureIncrementOnFallback.value, increment > 0 else {
            return [temperature]
        }
        let count = max(1, Int(((1 + 1e-6 - temperature) / increment).rounded(.up)))
        return (0..<count).map { temperature + Double($0) * increment }
    }

    func validate() throws {
        if let increment = temperatureIncrementOnFallback.value, increment < 0.01 {
            throw ValidationError("--temperature-increment-on-fallback is 0.01 or more, or None")
        }
    }
}
