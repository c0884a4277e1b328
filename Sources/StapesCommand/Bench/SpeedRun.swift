import Stapes
import StapesAudio
import Synchronization

/// Transcribes the same files again and again, and takes the time.
package struct SpeedRun: Sendable {
    package let engine: any SpeechEngine
    package let sources: [(name: String, audio: AudioSource)]
    package let options: TranscriptionOptions
    package let batchSize: Int

    package init(
        engine: any SpeechEngine, sources: [(name: String, audio: AudioSource)], options: TranscriptionOptions,
        batchSize: Int
    ) {
        self.engine = engine
        self.sources = sources
        self.options = options
        self.batchSize = batchSize
    }

    private struct Sums: Sendable {
        var audioSeconds = 0.0
        var statistics = TranscriptionStatistics()
        var failure: CommandError?
    }

    /// All files once.
    ///
    /// - Returns: the run, and the length of the audio in seconds.
    /// - Throws: `CommandError.Code.input` for the first file that fails: a time without it would mean nothing.
    package func run() async throws(CommandError) -> (run: SpeedReport.Run, audioSeconds: Double) {
        let sums = Mutex(Sums())
        let start = ContinuousClock.now
        await inFlight(sources.count, limit: batchSize) { index in
            let (name, audio) = sources[index]
            do {
                let result = try await engine.transcribe(audio, options: options) { event in
                    if case .statistics(let statistics) = event {
                        sums.withLock { $0.statistics.add(statistics) }
                    }
                }
                sums.withLock { $0.audioSeconds += result.durationSeconds }
            } catch {
                sums.withLock { $0.failure = $0.failure ?? CommandError(.input, "\(name): \(error)", cause: error) }
            }
        }
        let wallSeconds = start.duration(to: .now).seconds
        let result = sums.withLock { $0 }
        if let failure = result.failure { throw failure }
        let statistics = result.statistics
        return (
            SpeedReport.Run(
                wallSeconds: wallSeconds, featureSeconds: statistics.featureSeconds,
                encodeSeconds: statistics.encodeSeconds, prefillSeconds: statistics.prefillSeconds,
                decodeSeconds: statistics.decodeSeconds, windows: statistics.windows, tokens: statistics.tokens),
            result.audioSeconds
        )
    }
}

extension TranscriptionStatistics {
    fileprivate mutating func add(_ other: TranscriptionStatistics) {
        featureSeconds += other.featureSeconds
        encodeSeconds += other.encodeSeconds
        prefillSeconds += other.prefillSeconds
        decodeSeconds += other.decodeSeconds
        windows += other.windows
        tokens += other.tokens
    }
}
