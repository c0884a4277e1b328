import Stapes
import StapesAPI

/// A first transcription, which nobody waits for: it touches the pages of weights and arenas, and shows that the model
/// works.
struct WarmUp: Sendable {
    /// One second of a tone, in which every stage has something to do.
    private static let samples: [Float] = {
        // A recurrence, so that no table of sines is needed: a quarter of the loudest, 220 Hz at 16 kHz.
        let factor: Float = 1.992_540
        var (last, current): (Float, Float) = (0, 0.0216)
        return (0..<16_000).map { _ in
            defer { (last, current) = (current, factor * current - last) }
            return current
        }
    }()

    /// - Throws: what the model throws.
    static func run(_ speech: any SpeechService) async throws(StapesError) {
        var options = TranscriptionOptions.fast
        options.sampleLength = 8
        _ = try await speech.transcribe(
            .samples(samples), options: options, limits: .default, priority: 0, onEvent: { _ in })
    }
}
