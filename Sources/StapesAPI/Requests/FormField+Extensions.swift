import StapesEngine

extension FormField {
    static let hotwords = FormField("hotwords", .text, "Words that lead every window; 8 KiB with the keywords at most.")
    static let initialPrompt = FormField("initial_prompt", .text, "Another name of prompt.")
    static let prefix = FormField("prefix", .text, "Text that every window is made to begin with; 8 KiB at most.")
    static let conditionOnPreviousText = FormField(
        "condition_on_previous_text", .flag, initial: "true", "The text so far leads each next window.")

    static let beamSize = FormField(
        "beam_size", .integer(1...SamplingOptions.largestBeam), initial: "1",
        "Hypotheses that are followed at temperature 0; 1 is greedy.")
    static let bestOf = FormField(
        "best_of", .integer(1...64), initial: "1", "Samples of which the best is taken above temperature 0.")
    static let patience = FormField(
        "patience", .number(0.01...100), "The beam ends with so many times its size of finished hypotheses.")
    static let lengthPenalty = FormField(
        "length_penalty", .number(0...1), "Exponent by which hypotheses of different lengths are compared.")
    static let temperatures = FormField(
        "temperatures", .numbers, "The temperatures to try in turn, separated by commas, instead of temperature's.")
    static let repetitionPenalty = FormField(
        "repetition_penalty", .number(0.01...100), initial: "1",
        "Above 1, tokens that the window had before become less likely.")
    static let noRepeatNgramSize = FormField(
        "no_repeat_ngram_size", .integer(0...448), initial: "0", "No run of so many tokens comes twice in a window.")
    static let seed = FormField(
        "seed", .integer(0...Int.max), initial: "0", "Names the random numbers that tokens are drawn by.")
    static let maximumNewTokens = FormField(
        "max_new_tokens", .integer(1...448), initial: "224", "Tokens that a window may have.")
    static let maximumCompletionTokens = FormField(
        "max_completion_tokens", .integer(1...448), "Another name of max_new_tokens.")
    static let suppressTokens = FormField(
        "suppress_tokens", .integers, initial: "-1",
        "Token ids that are never sampled; -1 stands for the symbols that are not spoken.")

    static let withoutTimestamps = FormField(
        "without_timestamps", .flag, initial: "false", "The model writes no time stamps: a segment a window.")
    static let maximumInitialTimestamp = FormField(
        "max_initial_timestamp", .limit, initial: "1", "Seconds: the latest first stamp of a window.")
    static let wordTimestamps = FormField(
        "word_timestamps", .flag, initial: "false",
        "Find out when each word is spoken, as timestamp_granularities[]=word does, in any form.")
    static let hallucinationSilenceThreshold = FormField(
        "hallucination_silence_threshold", .limit,
        "Seconds: longer silences are skipped where the text looks made up; needs word times.")
    static let clipTimestamps = FormField(
        "clip_timestamps", .numbers, "Seconds, start,end,start,end,... of what is transcribed.")

    static let noSpeechThreshold = FormField(
        "no_speech_threshold", .limit, initial: "0.6",
        "A window is skipped as silent above this probability, unless its text is likely.")
    static let logProbabilityThreshold = FormField(
        "log_prob_threshold", .limit, initial: "-1",
        "The average log-probability below which a text is too unlikely.")
    static let compressionRatioThreshold = FormField(
        "compression_ratio_threshold", .limit, initial: "2.4", "Above it, a text repeats itself too much.")

    static let voiceFilter = FormField(
        "vad_filter", .flag, initial: "false", "Leave out what is no speech before anything is transcribed.")
    static let batched = FormField(
        "batched", .flag, initial: "false", "Cut the file at pauses and decode the pieces side by side.")

    static let streamSegments = FormField(
        "stream_segments", .flag, initial: "false",
        "Beside the text, stream every segment with its times as transcript.text.segment.")
    static let priority = FormField(
        "priority", .integer(-100...100), initial: "0", "What waits is begun in this order, lower first.")
    static let timeout = FormField(
        "timeout", .number(0.001...86_400), "Seconds after which the work is given up.")

    /// Ours, with faster-whisper's names where it has one. OpenAI's clients send them by `extra_body`.
    static let extensions = [
        hotwords, initialPrompt, prefix, conditionOnPreviousText, beamSize, bestOf, patience, lengthPenalty,
        temperatures, repetitionPenalty, noRepeatNgramSize, seed, maximumNewTokens, maximumCompletionTokens,
        suppressTokens, withoutTimestamps, maximumInitialTimestamp, wordTimestamps, hallucinationSilenceThreshold,
        clipTimestamps, noSpeechThreshold, logProbabilityThreshold, compressionRatioThreshold, voiceFilter, batched,
        streamSegments, priority, timeout,
    ]
}
