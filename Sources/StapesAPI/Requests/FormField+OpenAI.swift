extension FormField {
    static let file = FormField(
        "file", .file, "The audio: FLAC, MP3, MP4, M4A, Ogg, WAV, WebM and what else the decoder knows.")
    static let model = FormField("model", .text, "A served model; whisper-1 is the default one, as is no name.")
    static let language = FormField(
        "language", .text, "Code or English name of what is spoken; detected when it is missing or auto.")
    static let prompt = FormField(
        "prompt", .text, "Text that is taken to come before: names, spelling, style. Its last 8 KiB count.")
    static let responseFormat = FormField(
        "response_format", .choice(ResponseFormat.allCases.map(\.rawValue)), initial: "json", "The transcript's form.")
    static let temperature = FormField(
        "temperature", .number(0...1), initial: "0",
        "0 raises the temperature step by step until a result is good enough; any other is used alone.")
    static let timestampGranularities = FormField(
        "timestamp_granularities", .choices(["word", "segment"]), initial: "segment",
        "What gets times in verbose_json.")
    static let stream = FormField(
        "stream", .flag, initial: "false", "Send the text as server-sent events while it comes to be; json and text.")
    static let include = FormField(
        "include", .choices(["logprobs"]), "What is to be added to json: the tokens' log-probabilities.")
    static let chunkingStrategy = FormField(
        "chunking_strategy", .speechDetection,
        "Cut the file at pauses and decode the pieces side by side; missing, they follow each other.")
    static let keywords = FormField("keywords", .texts, "Words that are likely to be spoken; they join the hotwords.")
    static let languages = FormField("languages", .texts, "The languages that may be detected.")
    static let speakerNames = FormField("known_speaker_names", .refused, "Speakers are not told apart.")
    static let speakerReferences = FormField("known_speaker_references", .refused, "Speakers are not told apart.")

    /// OpenAI's fields, in the order of its reference.
    static let ofOpenAI = [
        file, model, language, prompt, responseFormat, temperature, timestampGranularities, stream, include,
        chunkingStrategy, keywords, languages, speakerNames, speakerReferences,
    ]

    /// All that are known. Others are ignored: clients send new ones before servers know them.
    package static let all = ofOpenAI + extensions
}
