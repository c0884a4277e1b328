import Stapes
import StapesAudio
import StapesTokenizer
import Synchronization

/// Transcribes the lines of a manifest and compares.
package struct WERRun: Sendable {
    package let engine: any SpeechEngine
    package let manifest: SpeechManifest
    package let options: TranscriptionOptions
    package let detectsLanguage: Bool
    package let batchSize: Int
    package let scorer: Scorer
    package let console: Console

    package init(
        engine: any SpeechEngine, manifest: SpeechManifest, options: TranscriptionOptions, detectsLanguage: Bool,
        batchSize: Int, scorer: Scorer, console: Console
    ) {
        self.engine = engine
        self.manifest = manifest
        self.options = options
        self.detectsLanguage = detectsLanguage
        self.batchSize = batchSize
        self.scorer = scorer
        self.console = console
    }

    package func run() async -> WERReport {
        let outcomes = Mutex([LineOutcome?](repeating: nil, count: manifest.lines.count))
        let progress = Mutex(0.0)
        let start = ContinuousClock.now
        let total = manifest.lines.reduce(0) { $0 + ($1.duration ?? 0) }
        await inFlight(manifest.lines.count, limit: batchSize) { index in
            let line = manifest.lines[index]
            let lineStart = ContinuousClock.now
            let result = await transcribe(line)
            let seconds = lineStart.duration(to: .now).seconds
            let outcome = LineOutcome(line: line, result: result, seconds: seconds, scorer: scorer)
            outcomes.withLock { $0[index] = outcome }
            let done = progress.withLock { done in
                done += line.duration ?? 0
                return done
            }
            console.progress(
                ProgressLine(
                    label: line.audio, doneSeconds: done, totalSeconds: total,
                    elapsedSeconds: start.duration(to: .now).seconds))
        }
        let wallSeconds = start.duration(to: .now).seconds
        console.endProgress()
        return WERReport(
            engine: engine.facts, outcomes: outcomes.withLock { $0.compactMap { $0 } }, wallSeconds: wallSeconds)
    }

    private func transcribe(_ line: SpeechManifest.Line) async -> Result<Transcription, any Error> {
        do {
            var options = options
            if !detectsLanguage, let name = line.language {
                guard let code = Languages.code(for: name) else {
                    throw CommandError(.input, "unknown language '\(name)'")
                }
                options.language = code
            }
            return .success(
                try await engine.transcribe(.file(path: manifest.path(of: line)), options: options) { _ in })
        } catch {
            return .failure(error)
        }
    }
}
