import StapesDecoding
import StapesEngine
import StapesTokenizer

/// Decodes one window: up the ladder of temperatures until a result is good enough.
struct WindowDecoder: Sendable {
    let engine: Engine
    let job: Job
    let tokenizer: Tokenizer
    let options: TranscriptionOptions
    let rules: LogitRules

    /// A window's features and what comes before its text.
    struct Window: Sendable {
        let features: WindowFeatures
        let positions: Int
        let job: WindowJob
    }

    /// The first result that needs no fallback, or the last one.
    ///
    /// The engine finds the window's keys and values again at the next try, unless their bytes were needed meanwhile.
    /// - Throws: any code of `EngineError`.
    func decode(_ window: Window) async throws(EngineError) -> (result: WindowResult, times: WindowTimes) {
        var times = WindowTimes()
        var last: WindowResult?
        for (rung, temperature) in options.temperatures.enumerated() {
            let result = try await best(window, temperature: temperature, rung: rung, &times)
            last = result
            guard needsFallback(result) else { break }
        }
        guard let last else { throw EngineError(.invalidRequest, "no temperature to decode at") }
        return (last, times)
    }

    private func needsFallback(_ result: WindowResult) -> Bool {
        options.fallback.needsFallback(
            compressionRatio: result.compressionRatio(tokenizer), averageLogProbability: result.averageLogProbability,
            noSpeechProbability: result.noSpeechProbability)
    }

    /// One try. Above temperature zero the best of several samples, which run side by side.
    private func best(
        _ window: Window, temperature: Double, rung: Int, _ times: inout WindowTimes
    ) async throws(EngineError) -> WindowResult {
        let count = temperature > 0 ? max(1, options.bestOf ?? 1) : 1
        let tries = (0..<count).map { sample in
            request(
                window,
                sampling: options.sampling(
                    temperature: temperature, seek: window.job.seek, sample: rung * count + sample))
        }
        let outcomes = try await engine.run(tries)
        var results: [WindowResult] = []
        for outcome in outcomes {
            times += outcome.times
            if case .transcript(let result) = outcome.answer { results.append(result) }
        }
        // Of equal scores the first, as the reference's argmax has it.
        let best = results.indices.max { left, right in
            let (a, b) = (score(results[left]), score(results[right]))
            return a < b || a == b && left > right
        }
        guard let best else { preconditionFailure("the engine answers what it was asked") }
        var result = results[best]
        // As it was asked for: the engine's is rounded to float32.
        result.temperature = temperature
        return result
    }

    private func score(_ result: WindowResult) -> Double {
        HypothesisScore.of(
            sumLogProbability: result.sumLogProbability, length: result.tokens.count,
            lengthPenalty: options.lengthPenalty)
    }

    private func request(_ window: Window, sampling: SamplingOptions) -> WindowRequest {
        WindowRequest(
            features: window.features, positions: window.positions, prompt: window.job.prompt,
            startIndex: window.job.sotIndex,
            purpose: .transcript(rules, sampling, stepLimit: window.job.stepLimit), job: job)
    }
}
