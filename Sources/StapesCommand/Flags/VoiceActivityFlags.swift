import ArgumentParser
import Stapes

/// What counts as speech, and whether windows of it are decoded side by side. Names and defaults are faster-whisper's.
struct VoiceActivityFlags: ParsableArguments {
    @Flag(
        name: [.customLong("vad"), .customLong("vad-filter")],
        help: "Leave out what is no speech. Needs Silero's network: Scripts/fetch-model silero-vad.")
    var vad = false

    @Flag(help: "Pack the speech into windows, cut at pauses, and decode them side by side. Implies --vad.")
    var batched = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Probability from which on a moment is speech. (default: 0.5)", valueName: "probability"),
        transform: OptionParsing.number)
    var vadThreshold: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Probability below which a pause begins. (default: 0.15 less than --vad-threshold)",
            valueName: "probability"),
        transform: OptionParsing.number)
    var vadNegThreshold: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Speech that is not longer is dropped. (default: 0)", valueName: "milliseconds"),
        transform: OptionParsing.wholeNumber)
    var vadMinSpeechDurationMs: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Longer speech is cut. (default: no limit; with --batched 30)", valueName: "seconds"),
        transform: OptionParsing.number)
    var vadMaxSpeechDurationS: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "A shorter pause is part of the speech around it. (default: 2000; with --batched 160)",
            valueName: "milliseconds"),
        transform: OptionParsing.wholeNumber)
    var vadMinSilenceDurationMs: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("What is taken with the speech on either side. (default: 400)", valueName: "milliseconds"),
        transform: OptionParsing.wholeNumber)
    var vadSpeechPadMs: Int?

    func apply(to options: inout TranscriptionOptions) {
        options.batched = batched
        guard vad || batched else { return }
        var speech = batched ? VoiceActivityOptions.batched() : VoiceActivityOptions()
        if let vadThreshold { speech.threshold = vadThreshold }
        speech.silenceThreshold = vadNegThreshold
        if let vadMinSpeechDurationMs { speech.minimumSpeechMilliseconds = vadMinSpeechDurationMs }
        if let vadMaxSpeechDurationS { speech.maximumSpeechSeconds = vadMaxSpeechDurationS }
        if let vadMinSilenceDurationMs { speech.minimumSilenceMilliseconds = vadMinSilenceDurationMs }
        if let vadSpeechPadMs { speech.paddingMilliseconds = vadSpeechPadMs }
        options.voiceActivity = speech
    }

    func validate() throws {
        for (name, value) in [("--vad-threshold", vadThreshold), ("--vad-neg-threshold", vadNegThreshold)] {
            if let value, !(0...1).contains(value) { throw ValidationError("\(name) is a probability, 0 to 1") }
        }
        if let vadMaxSpeechDurationS, vadMaxSpeechDurationS <= 0 {
            throw ValidationError("--vad-max-speech-duration-s is above 0")
        }
        let isGiven =
            vadThreshold != nil || vadNegThreshold != nil || vadMinSpeechDurationMs != nil
            || vadMaxSpeechDurationS != nil || vadMinSilenceDurationMs != nil || vadSpeechPadMs != nil
        if isGiven, !vad, !batched { throw ValidationError("the --vad- options need --vad or --batched") }
    }
}
