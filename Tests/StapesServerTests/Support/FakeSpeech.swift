import Glibc
import Stapes
import StapesAPI
import StapesServer
import Synchronization

/// Says what it is told to, when it is told to.
final class FakeSpeech: SpeechService {
    struct Call: Sendable {
        let options: TranscriptionOptions
        let priority: Int
        let byteCount: Int
    }

    private struct State {
        var calls: [Call] = []
        var holds = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var running = 0
        var cancelled = 0
        var failure: (error: StapesError, afterSegments: Int)?
        var texts = [" One.", " Two.", " Three."]
    }

    private let state = Mutex(State())
    var calls: [Call] { state.withLock { $0.calls } }
    var running: Int { state.withLock { $0.running } }
    var cancelled: Int { state.withLock { $0.cancelled } }

    /// From now on calls wait after their first segment, until they are let go.
    func hold() { state.withLock { $0.holds = true } }

    func release() {
        let waiting = state.withLock { state in
            state.holds = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.resume() }
    }

    func say(texts: [String]) { state.withLock { $0.texts = texts } }

    /// From now on calls fail after so many segments.
    func fail(with error: StapesError, afterSegments count: Int = 0) {
        state.withLock { $0.failure = (error, count) }
    }

    func transcribe(
        _ audio: AudioSource, options: TranscriptionOptions, limits: AudioLimits, priority: Int,
        onEvent: @escaping @Sendable (TranscriptionEvent) async -> Void
    ) async throws(StapesError) -> Transcription {
        let count =
            switch audio {
            case .bytes(let bytes): bytes.count
            case .samples: 0
            case .file(let path): Self.size(path)
            }
        // The warm-up is no call.
        if case .samples = audio { return Transcription(text: "", segments: [], language: "en", durationSeconds: 1) }
        let (failure, texts) = state.withLock { state in
            state.calls.append(Call(options: options, priority: priority, byteCount: count))
            state.running += 1
            return (state.failure, state.texts)
        }
        defer { state.withLock { $0.running -= 1 } }
        var segments: [Segment] = []
        for (index, text) in texts.enumerated() {
            if let failure, failure.afterSegments == index { throw failure.error }
            let segment = Segment(
                id: index, seek: 0, start: Double(index), end: Double(index) + 1, text: text, tokens: [index],
                temperature: 0, averageLogProbability: -0.1, compressionRatio: 1, noSpeechProbability: 0)
            segments.append(segment)
            await onEvent(.segment(segment))
            if index == 0 { await wait() }
            if Task.isCancelled {
                state.withLock { $0.cancelled += 1 }
                throw StapesError(.cancelled, "the task was cancelled")
            }
        }
        await onEvent(.statistics(TranscriptionStatistics(windows: 1, tokens: 9)))
        return Transcription(text: texts.joined(), segments: segments, language: "en", durationSeconds: 2.5)
    }

    func bytes(ofToken id: Int) -> [UInt8]? { nil }

    func realtime(serving models: ServedModels) async -> (any LiveSpeech)? { nil }

    /// Until all are let go, or the task is cancelled.
    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (one: CheckedContinuation<Void, Never>) in
                let waits = state.withLock { state in
                    guard state.holds, !Task.isCancelled else { return false }
                    state.waiting.append(one)
                    return true
                }
                if !waits { one.resume() }
            }
        } onCancel: {
            // All wake up; those that are not cancelled have what they need.
            let waiting = state.withLock { state in
                defer { state.waiting = [] }
                return state.waiting
            }
            for one in waiting { one.resume() }
        }
    }

    private static func size(_ path: String) -> Int {
        guard let file = fopen(path, "r") else { return -1 }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        return ftell(file)
    }
}
