import Stapes
import StapesAudio

/// What a realtime session needs of speech recognition.
package protocol LiveSpeech: Sendable {
    associatedtype Results: AsyncSequence & Sendable where Results.Element == LiveResult

    /// The beginning of a stretch of audio; nil if there is no network for voice activity.
    var voiceActivity: (any SpeechProbabilities)? { get }

    /// - Throws: `modelNotFound`, or `invalidValue` for a language, in the words the client gets.
    func check(_ transcription: RealtimeTranscription) throws(APIError)

    /// Transcribes a turn while it is spoken. The last result is final.
    func live(_ audio: TurnAudio, _ transcription: RealtimeTranscription) -> Results
}

/// How likely there is speech in audio that comes in chunks: a probability for every 32 ms that are complete.
package protocol SpeechProbabilities: Sendable {
    mutating func probabilities(_ samples: [Float]) -> [Float]
}

extension VoiceActivityStream: SpeechProbabilities {}
