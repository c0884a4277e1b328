import Stapes
import StapesDecoding

/// What a client asks to be done with a file.
package struct SpeechRequest: Sendable, Hashable {
    /// The id of a served model.
    package var model: String
    package var options: TranscriptionOptions
    package var format: ResponseFormat
    /// Whether `verbose_json` lists words.
    package var wantsWords: Bool
    /// Whether `verbose_json` lists segments.
    package var wantsSegments: Bool
    /// Whether the text is sent while it comes to be.
    package var streams: Bool
    /// Whether segments are streamed beside the text.
    package var streamsSegments: Bool
    package var includesLogProbabilities: Bool
    /// What waits is begun in this order, lower first; -100 to 100.
    package var priority: Int
    /// Seconds after which the work is given up; nil leaves it to the server.
    package var deadlineSeconds: Double?

    /// - Throws: `modelNotFound`, and `invalidValue` with the field at fault.
    package init(fields: FormFields, endpoint: SpeechEndpoint, served: ServedModels) throws(APIError) {
        for field in FormField.all where field.kind == .refused {
            guard fields.values(field.name).isEmpty else { throw field.error("speakers are not told apart here") }
        }
        let model = try served.resolve(fields.text(.model)?.strippingWhitespace())
        guard endpoint == .transcription || model.isMultilingual else {
            throw FormField.model.error("\(model.id) knows English alone and cannot translate")
        }
        let format = try Self.format(fields)
        let granularities = try fields.choices(.timestampGranularities)
        guard format == .verboseJSON || !granularities.contains("word") else {
            throw FormField.timestampGranularities.error("words need the response_format verbose_json")
        }
        let streams = try fields.flag(.stream) ?? false
        guard format.streams || !streams else {
            throw FormField.responseFormat.error("\(format.rawValue) cannot be streamed; give json or text")
        }
        let include = try fields.choices(.include)
        guard include.isEmpty || format == .json else {
            throw FormField.include.error("log-probabilities need the response_format json")
        }
        let languages = try SpokenLanguages(fields, model: model)
        let asksForWordTimes = try fields.flag(.wordTimestamps) ?? false
        let wordTimes = granularities.contains("word") || asksForWordTimes

        self.model = model.id
        options = try TranscriptionOptions(
            fields, task: endpoint.task, language: languages.language, words: wordTimes)
        if !languages.allowed.isEmpty { options.allowedLanguages = languages.allowed }
        self.format = format
        wantsWords = wordTimes
        wantsSegments = granularities.isEmpty || granularities.contains("segment")
        self.streams = streams
        streamsSegments = try fields.flag(.streamSegments) ?? false
        includesLogProbabilities = include.contains("logprobs")
        if includesLogProbabilities { options.tokenLogProbabilities = true }
        priority = try fields.integer(.priority) ?? 0
        deadlineSeconds = try fields.number(.timeout)
    }

    private static func format(_ fields: FormFields) throws(APIError) -> ResponseFormat {
        guard fields.text(.responseFormat)?.strippingWhitespace() != "diarized_json" else {
            throw FormField.responseFormat.error("diarized_json is not made: speakers are not told apart here")
        }
        return try fields.choice(.responseFormat).flatMap(ResponseFormat.init) ?? .json
    }
}
