import Stapes
import StapesAPI

/// What the server needs of the library: the seam at which tests put one that needs no model.
package protocol SpeechService: Sendable {
    /// Transcribes one file.
    ///
    /// - Parameters:
    ///   - priority: lower numbers come first.
    ///   - onEvent: is told in order; what it does delays the file.
    /// - Throws: `StapesError`'s codes for a file.
    func transcribe(
        _ audio: AudioSource, options: TranscriptionOptions, limits: AudioLimits, priority: Int,
        onEvent: @escaping @Sendable (TranscriptionEvent) async -> Void
    ) async throws(StapesError) -> Transcription

    /// For one realtime session; nil if there is none.
    func realtime(serving models: ServedModels) -> (any LiveSpeech)?
}

extension SpeechService {
    package func realtime(serving models: ServedModels) -> (any LiveSpeech)? { nil }
}

extension Transcriber: SpeechService {}
