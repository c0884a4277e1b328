import Stapes
import StapesAudio
import StapesCommand
import StapesDecoding
import Synchronization

struct FakeFailure: Error, CustomStringConvertible {
    let description: String
}

/// An engine that knows what each file says, and can wait for another file before it answers.
final class FakeEngine: SpeechEngine {
    let facts = EngineFacts(
        model: "fake", modelDirectory: "/nowhere", device: "cpu", computeType: "float32", threads: 2,
        kernels: "generic", usesOneDNN: false, prefillAttention: "a", decodeAttention: "b",
        decodeGraph: GraphDecision(enabled: true, reason: "they can", isWarning: false), decodeGraphRows: [1, 2],
        looksAhead: true, isDeterministic: false, maximumEncoderBatchSize: 8, encoderByteCount: 80_000_000,
        cacheByteCount: 64_000_000, crossKvBytesPerWindow: 100,
        selfKvBytesPerToken: 10)

    struct State {
        var inFlight = 0
        var mostInFlight = 0
        var finished: [String] = []
        var languages: [String: String?] = [:]
    }

    let state = Mutex(State())
    private let texts: [String: [String]]
    private let waits: [String: String]
    private let reportsSegments: Bool
    private let hasWords: Bool
    private let waitsAfterSegments: @Sendable () -> Bool

    /// - Parameters:
    ///   - texts: the segments of each path; a path that is missing fails.
    ///   - waits: a path, and the one that has to be finished before it is.
    ///   - hasWords: whether segments have words, each a second long.
    ///   - waitsAfterSegments: what has to become true after the segments of a file are reported.
    init(
        _ texts: [String: [String]], waits: [String: String] = [:], reportsSegments: Bool = true,
        hasWords: Bool = false, waitsAfterSegments: @escaping @Sendable () -> Bool = { true }
    ) {
        self.texts = texts
        self.waits = waits
        self.reportsSegments = reportsSegments
        self.hasWords = hasWords
        self.waitsAfterSegments = waitsAfterSegments
    }

    func transcribe(
        _ audio: AudioSource, options: TranscriptionOptions, onEvent: @escaping @Sendable (TranscriptionEvent) -> Void
    ) async throws -> Transcription {
        guard case .file(let path) = audio else { throw FakeFailure(description: "only files") }
        state.withLock {
            $0.inFlight += 1
            $0.mostInFlight = max($0.mostInFlight, $0.inFlight)
            $0.languages[path] = .some(options.language)
        }
        defer {
            state.withLock {
                $0.inFlight -= 1
                $0.finished.append(path)
            }
        }
        while let other = waits[path], !state.withLock({ $0.finished.contains(other) }) { await Task.yield() }
        guard let texts = texts[path] else { throw FakeFailure(description: "\(path): cannot be decoded") }
        var segments: [Segment] = []
        for (index, text) in texts.enumerated() {
            var segment = Segment(
                id: index, seek: 0, start: 5 * Double(index), end: 5 * Double(index + 1), text: " " + text, tokens: [1],
                temperature: 0, averageLogProbability: 0, compressionRatio: 1, noSpeechProbability: 0)
            if hasWords {
                segment.words = text.split(separator: " ").enumerated().map { number, word in
                    let start = segment.start + Double(number)
                    return Word(word: " " + word, start: start, end: start + 1, probability: 1)
                }
            }
            segments.append(segment)
            if reportsSegments { onEvent(.segment(segment)) }
            onEvent(.progress(seconds: segment.end, of: 5 * Double(texts.count)))
        }
        let patience = ContinuousClock.now + .seconds(10)
        while !waitsAfterSegments(), ContinuousClock.now < patience { await Task.yield() }
        onEvent(.statistics(TranscriptionStatistics(encodeSeconds: 0.5, windows: 1, tokens: 7)))
        return Transcription(
            text: segments.map(\.text).joined(), segments: segments, language: options.language ?? "en",
            durationSeconds: 5 * Double(texts.count))
    }

    func detectLanguage(_ audio: AudioSource) async throws -> [LanguageProbability] {
        [LanguageProbability(code: "de", probability: 0.75)]
    }
}
