import ArgumentParser
import Stapes

/// How the words are chosen. Names and defaults are whisper's command line's.
struct DecodingFlags: ParsableArguments {
    @OptionGroup var search: SearchFlags
    @OptionGroup var thresholds: ThresholdFlags
    @OptionGroup var prompt: PromptFlags
    @OptionGroup var words: WordFlags
    @OptionGroup var voiceActivity: VoiceActivityFlags

    @Flag(help: "Do not ask the model for times: each segment covers a whole window.")
    var noTimestamps = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Seconds: the latest time at which a window may begin; None sets no limit. (default: 1.0)",
            valueName: "seconds"),
        transform: { try Parsed(OptionParsing.threshold($0)) })
    var maxInitialTimestamp = Parsed<Double>(1.0)

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
            "Seconds to transcribe: start,end,start,end,...; a missing last end is the file's. (default: 0)",
            valueName: "seconds"),
        transform: OptionParsing.clipTimestamps)
    var clipTimestamps: [Double] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Encoder positions of 20 ms that a window is made of, 1 to 1500; fewer cost less time and some accuracy. auto \
            keeps windows of 1500 and encodes of a short one what was spoken and 10 s more: quicker, and texts change \
            (base, 58 English clips: 92 word errors instead of 88 in 920). (default: 1500)
            """, valueName: "count"),
        transform: OptionParsing.audioContext)
    var audioContext = AudioContext.full

    var options: TranscriptionOptions {
        var options = TranscriptionOptions()
        search.apply(to: &options)
        thresholds.apply(to: &options)
        prompt.apply(to: &options)
        words.apply(to: &options)
        voiceActivity.apply(to: &options)
        options.timestamps = !noTimestamps
        options.maximumInitialTimestamp = maxInitialTimestamp.value
        options.suppressTokens = suppressTokens.value
        options.suppressBlank = suppressBlank
        options.clipTimestamps = clipTimestamps
        options.audioContext = audioContext
        return options
    }

    func validate() throws {
        do {
            try options.check()
        } catch {
            throw ValidationError(error.message)
        }
    }
}
