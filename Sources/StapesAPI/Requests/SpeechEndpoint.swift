import Stapes

/// The two things that are done with speech; they take the same fields.
package enum SpeechEndpoint: Sendable, Hashable, CaseIterable {
    case transcription
    case translation

    package var path: String {
        switch self {
        case .transcription: "/v1/audio/transcriptions"
        case .translation: "/v1/audio/translations"
        }
    }

    package var task: TranscriptionTask {
        switch self {
        case .transcription: .transcribe
        case .translation: .translate
        }
    }
}
