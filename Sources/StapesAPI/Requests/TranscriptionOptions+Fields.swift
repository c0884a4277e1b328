import Stapes

extension TranscriptionOptions {
    /// Temperatures that a window may be tried at; each costs a decoding of it.
    private static let mostTemperatures = 16
    /// Ids that one request may keep from being sampled: some words, not the vocabulary.
    private static let mostSuppressed = 1024

    /// What the form says of how a file is transcribed; the rest is as the library has it.
    ///
    /// - Parameter words: whether word times are wanted for the answer.
    /// - Throws: `invalidValue`.
    init(_ fields: FormFields, task: TranscriptionTask, language: String?, words: Bool) throws(APIError) {
        self.init(language: language, task: task)
        try readTexts(fields)
        try readSearch(fields)
        try readStamps(fields, words: words)
        try fields.read(limit: .noSpeechThreshold, into: &noSpeechThreshold)
        try fields.read(limit: .logProbabilityThreshold, into: &logProbabilityThreshold)
        try fields.read(limit: .compressionRatioThreshold, into: &compressionRatioThreshold)
        try readSpeech(fields)
        do throws(StapesError) {
            try check()
        } catch {
            throw APIError(.invalidValue, error.message)
        }
    }

    private mutating func readTexts(_ fields: FormFields) throws(APIError) {
        initialPrompt = (fields.text(.prompt) ?? fields.text(.initialPrompt)).map(LeadingText.prompt)
        if let text = fields.text(.prefix) { prefix = try LeadingText.whole(text, of: .prefix) }
        let words = [fields.text(.hotwords)].compactMap(\.self) + fields.texts(.keywords)
        hotwords = words.isEmpty ? nil : try LeadingText.whole(words.joined(separator: ", "), of: .hotwords)
        conditionOnPreviousText = try fields.flag(.conditionOnPreviousText) ?? conditionOnPreviousText
    }

    private mutating func readSearch(_ fields: FormFields) throws(APIError) {
        temperatures = try Self.temperatures(fields)
        // One hypothesis is what nil stands for.
        beamSize = try fields.integer(.beamSize).flatMap { $0 == 1 ? nil : $0 }
        bestOf = try fields.integer(.bestOf)
        patience = try fields.number(.patience)
        lengthPenalty = try fields.number(.lengthPenalty)
        repetitionPenalty = try fields.number(.repetitionPenalty) ?? repetitionPenalty
        noRepeatNgramSize = try fields.integer(.noRepeatNgramSize) ?? noRepeatNgramSize
        seed = try fields.integer(.seed).map(UInt64.init) ?? seed
        let completionTokens = try fields.integer(.maximumCompletionTokens)
        sampleLength = try fields.integer(.maximumNewTokens) ?? completionTokens
        let ids = try fields.integers(.suppressTokens)
        guard ids.count <= Self.mostSuppressed else {
            throw FormField.suppressTokens.error("give \(Self.mostSuppressed) ids at most")
        }
        suppressTokens = ids.isEmpty || ids == [-1] ? nil : ids
    }

    private static func temperatures(_ fields: FormFields) throws(APIError) -> [Double] {
        let one = try fields.number(.temperature) ?? 0
        let own = try fields.numbers(.temperatures)
        guard !own.isEmpty else { return one == 0 ? ladder : [one] }
        guard one == 0 else { throw FormField.temperatures.error("give these or temperature, not both") }
        guard own.count <= mostTemperatures, own.allSatisfy({ (0...1).contains($0) }) else {
            throw FormField.temperatures.error("give \(mostTemperatures) at most, each from 0 to 1")
        }
        return own
    }

    private mutating func readStamps(_ fields: FormFields, words: Bool) throws(APIError) {
        timestamps = try !(fields.flag(.withoutTimestamps) ?? false)
        try fields.read(limit: .maximumInitialTimestamp, into: &maximumInitialTimestamp)
        wordTimestamps = words
        try fields.read(limit: .hallucinationSilenceThreshold, into: &hallucinationSilenceThreshold)
        clipTimestamps = try fields.numbers(.clipTimestamps)
        // As the reference writes the whole file.
        if clipTimestamps == [0] { clipTimestamps = [] }
    }

    private mutating func readSpeech(_ fields: FormFields) throws(APIError) {
        let detection = try SpeechDetection.options(fields)
        batched = try fields.flag(.batched) ?? false || detection != nil
        let filters = try fields.flag(.voiceFilter) ?? false
        voiceActivity = detection ?? (batched ? .batched() : filters ? VoiceActivityOptions() : nil)
    }
}
