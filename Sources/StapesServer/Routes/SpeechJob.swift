import Hummingbird
import Logging
import Stapes
import StapesAPI
import StapesAudio
import Tracing

/// One request's work: waits for its turn, transcribes, and keeps to its deadline.
struct SpeechJob: Sendable {
    let speech: any SpeechService
    let request: SpeechRequest
    let audio: AudioSource
    /// Bytes that the audio takes as it was sent, and seconds that it lasts as far as that tells.
    let byteCount: Int
    let estimatedSeconds: Double
    let state: ServerState
    let logger: Logger

    struct Result: Sendable {
        let transcription: Transcription
        let statistics: TranscriptionStatistics
        let request: SpeechRequest
        /// Of the text's tokens, if they were asked for.
        let logProbabilities: [TokenLogProbability]?

        var response: Response {
            let body = TranscriptBody(
                transcription, for: request, logProbabilities: logProbabilities)
            return Response(
                status: .ok, headers: [.contentType: body.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: body.text)))
        }

        /// The prompt is not counted: how much of it led each window is the engine's business.
        var usage: TokenUsage {
            TokenUsage(
                inputAudioTokens: Int((transcription.durationSeconds * Self.encoderPositionsPerSecond).rounded(.up)),
                outputTokens: statistics.tokens)
        }

        private static let encoderPositionsPerSecond = 50.0
    }

    /// - Parameter onEvent: is told of segments as they are accepted.
    func run(
        onEvent: @escaping @Sendable (TranscriptionEvent) async -> Void = { _ in }
    ) async throws -> Result {
        let late = APIError(.deadlineExceeded, "The request was not done in \(deadlineSeconds ?? 0) seconds.")
        return try await within(seconds: deadlineSeconds, orThrow: late) {
            let ticket = try await withSpan("queue") { _ in
                try await state.gate.enter(cost: cost, priority: request.priority)
            }
            defer { state.gate.leave(ticket) }
            return try await withSpan("transcribe") { span in
                let result = try await transcribe(onEvent)
                span.updateAttributes { result.statistics.describe(to: &$0) }
                return result
            }
        }
    }

    private func transcribe(_ onEvent: @escaping @Sendable (TranscriptionEvent) async -> Void) async throws -> Result {
        let start = ContinuousClock.now
        let kept = KeptStatistics()
        let transcription = try await speech.transcribe(
            audio, options: request.options,
            limits: AudioLimits(maximumByteCount: state.limits.bodyBytes, maximumSeconds: state.limits.audioSeconds),
            priority: request.priority
        ) { event in
            if case .statistics(let statistics) = event { kept.set(statistics) }
            await onEvent(event)
        }
        let duration = ContinuousClock.now - start
        state.metrics.transcribed(seconds: transcription.durationSeconds, in: duration)
        logger.debug(
            "transcribed",
            metadata: [
                "audio_seconds": "\(transcription.durationSeconds)", "seconds": "\(duration.rounded)",
                "windows": "\(kept.value.windows)", "tokens": "\(kept.value.tokens)",
            ])
        return Result(
            transcription: transcription, statistics: kept.value, request: request,
            logProbabilities: request.includesLogProbabilities
                ? speech.logProbabilities(of: transcription.segments) : nil)
    }

    private var deadlineSeconds: Double? {
        [state.limits.requestSeconds, request.deadlineSeconds].compactMap(\.self).min()
    }

    /// Bytes that the audio takes as it was sent and once it is decoded.
    private var cost: Int {
        byteCount + Int(min(state.limits.audioSeconds, estimatedSeconds) * Self.decodedBytesPerSecond)
    }

    /// 16,000 samples and 100 frames of 80 bins, of four bytes each.
    private static let decodedBytesPerSecond = 96_000.0
}
