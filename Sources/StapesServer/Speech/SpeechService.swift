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

    /// The bytes of a token of text; nil for stamps and other marks.
    func bytes(ofToken id: Int) -> [UInt8]?

    /// For one realtime session; nil if there is none.
    func realtime(serving models: ServedModels) async -> (any LiveSpeech)?
}

extension Transcriber: SpeechService {
    /// Without the network for voice activity turns end where the client says.
    package func realtime(serving models: ServedModels) async -> (any LiveSpeech)? {
        TranscriberSpeech(self, voiceActivity: try? await voiceActivityStream()) { name in
            (try? models.resolve(name)) != nil
        }
    }
}

extension SpeechService {
    /// The tokens of some segments' text with their log-probabilities; nil if those were not kept.
    func logProbabilities(of segments: [Segment]) -> [TokenLogProbability]? {
        var tokens: [TokenLogProbability] = []
        for segment in segments {
            guard let values = segment.tokenLogProbabilities else { return nil }
            for (id, value) in zip(segment.tokens, values) {
                guard let bytes = bytes(ofToken: id) else { continue }
                tokens.append(
                    TokenLogProbability(
                        token: String(decoding: bytes, as: UTF8.self), bytes: bytes, logProbability: value))
            }
        }
        return tokens
    }
}
