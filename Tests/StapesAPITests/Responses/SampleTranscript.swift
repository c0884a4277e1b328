import Stapes
import StapesAPI

enum SampleTranscript {
    static let served = ServedModels([
        ServedModel(id: "base", created: 5, languages: ["en", "de"], isDefault: true)
    ])

    static func request(_ fields: (String, String)..., endpoint: SpeechEndpoint = .transcription) throws
        -> SpeechRequest
    {
        var form = FormFields()
        for (name, value) in fields { try form.append(name: name, value: value) }
        return try SpeechRequest(fields: form, endpoint: endpoint, served: served)
    }

    static func segment(_ id: Int, _ start: Double, _ end: Double, _ text: String, words: [Word]? = nil) -> Segment {
        Segment(
            id: id, seek: 0, start: start, end: end, text: text, tokens: text.isEmpty ? [] : [50364, 7], temperature: 0,
            averageLogProbability: -0.25, compressionRatio: 1.5, noSpeechProbability: 0.125, words: words)
    }

    /// Two segments with a blank one between them.
    static let transcription = Transcription(
        text: " Guten Tag. --> \"Ja\"",
        segments: [
            segment(
                0, 0, 1.5, " Guten Tag.",
                words: [
                    Word(word: " Guten", start: 0, end: 0.5, probability: 0.75),
                    Word(word: " Tag.", start: 0.5, end: 1.5, probability: 0.5),
                ]),
            segment(1, 1.5, 1.5, "", words: []),
            segment(
                2, 3600, 3601.0005, " --> \"Ja\"",
                words: [
                    Word(word: " -->", start: 3600, end: 3600.5, probability: 1),
                    Word(word: " \"Ja\"", start: 3600.5, end: 3601.0005, probability: 1),
                ]),
        ],
        language: "de", durationSeconds: 3601.25)
}
