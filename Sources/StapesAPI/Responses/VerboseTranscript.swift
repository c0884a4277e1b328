import Stapes
import StapesDecoding
import StapesTokenizer

/// The members of `verbose_json`, before its usage.
struct VerboseTranscript: Sendable {
    let transcription: Transcription
    let request: SpeechRequest

    /// Of the text: a translation is English, whatever was spoken.
    private var languageCode: String {
        request.options.task == .translate ? "en" : transcription.language
    }

    var document: JSONDocument {
        var members: [JSONDocument.Member] = []
        // A blank segment says nothing to a client; the reference keeps it to show what it cleared.
        let segments = transcription.segments.filter { !$0.isBlank }
        if request.wantsSegments {
            let listed = segments.enumerated().map { Self.document($1, id: $0) }
            members.append(.init("segments", .array(listed)))
        }
        if request.wantsWords {
            members.append(.init("words", .array(segments.flatMap { $0.words ?? [] }.compactMap(Self.document))))
        }
        return [
            "task": .string(request.options.task.rawValue),
            "language": .string(Languages.name(for: languageCode) ?? languageCode),
            "language_code": .string(languageCode),
            "duration": .number(transcription.durationSeconds),
            "text": .string(transcription.text.strippingWhitespace()),
        ] + members
    }

    private static func document(_ segment: Segment, id: Int) -> JSONDocument {
        [
            "id": .integer(id), "seek": .integer(segment.seek), "start": .number(segment.start),
            "end": .number(segment.end), "text": .string(segment.text),
            "tokens": .array(segment.tokens.map(JSONDocument.integer)), "temperature": .number(segment.temperature),
            "avg_logprob": finite(segment.averageLogProbability),
            "compression_ratio": finite(segment.compressionRatio),
            "no_speech_prob": finite(segment.noSpeechProbability),
        ]
    }

    /// Clients' types have no null here.
    private static func finite(_ value: Double) -> JSONDocument { .number(value.isFinite ? value : 0) }

    private static func document(_ word: Word) -> JSONDocument? {
        let text = word.word.strippingWhitespace()
        guard !text.isEmpty else { return nil }
        return [
            "word": .string(text), "start": .number(word.start), "end": .number(word.end),
            "probability": finite(word.probability),
        ]
    }
}
