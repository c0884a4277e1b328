import StapesAudio
import StapesDecoding

/// The walk through live audio: `LiveWindow` says what to do, the engine does it.
struct LiveWalk: Sendable {
    let windows: WindowClient
    let extractor: FeatureExtractor
    let options: TranscriptionOptions
    /// The language that was asked for.
    let requested: String?

    /// - Throws: `audio` if the samples end with an error, and what the engine throws.
    func run<Samples: AsyncSequence>(
        _ samples: Samples, _ window: LiveWindow, onResult: LiveSequence.Sink
    ) async throws(StapesError) where Samples.Element == [Float] {
        var (window, language) = (window, requested)
        do {
            for try await chunk in samples {
                window.hear(chunk)
                try await work(on: &window, &language, onResult)
            }
        } catch let error as StapesError {
            throw error
        } catch is CancellationError {
            throw StapesError(.cancelled, "the task was cancelled")
        } catch {
            throw StapesError(.audio, "the live audio ended with an error: \(error)", cause: error)
        }
        // A sequence may end because the task was cancelled.
        guard !Task.isCancelled else { throw StapesError(.cancelled, "the task was cancelled") }
        window.end()
        try await work(on: &window, &language, onResult)
    }

    /// All that can be done before more is heard.
    private func work(
        on window: inout LiveWindow, _ language: inout String?, _ onResult: LiveSequence.Sink
    ) async throws(StapesError) {
        while true {
            switch window.next() {
            case .look(let look):
                let (found, spoken) = try await transcribe(look, language: language)
                let results = window.receive(found, language: spoken)
                if window.hasFinal { language = spoken }
                for result in results { await onResult(result) }
            case .tell(let result): await onResult(result)
            case .listen, .finished: return
            }
        }
    }

    private func transcribe(
        _ look: LiveWindow.Look, language: String?
    ) async throws(StapesError) -> (FileWalk.Result, language: String) {
        let extractor = extractor
        // The loudest moment is that of the window so far.
        let audio = try await windows.pool.run { _ in extractor.extract(PCM(samples: look.samples)) }
        var statistics = TranscriptionStatistics()
        let spoken: String
        if let language {
            spoken = language
        } else {
            spoken = try await windows.mostLikelyLanguage(audio, options, &statistics).code
        }
        let walk = FileWalk(windows: windows, options: options, language: spoken, isFixed: requested != nil)
        let found = try await walk.run(audio, after: look.past, isOneWindow: look.reach == .full, &statistics)
        return (found, spoken)
    }
}
