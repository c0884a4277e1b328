import StapesAudio
import StapesDecoding
import StapesEngine
import StapesTokenizer

/// What a file asks of the engine, window by window: texts, languages, times of words.
struct WindowClient: Sendable {
    let engine: Engine
    /// The file, stream or request that asks.
    let job: Job
    let tokenizer: Tokenizer
    let pool: WorkPool

    /// No more windows come.
    func endJob() { engine.end(job) }

    /// Windows of one file that are with the engine at a time: as many as it has rows for and one that waits for each
    /// device, within what 64 files may have waiting (`EngineConfiguration.defaultWaitingWindows`).
    var windowsAhead: Int {
        let description = engine.description
        return min(description.maximumRows + description.devices.count, 32)
    }

    func startSequence(_ language: String, _ options: TranscriptionOptions) -> [Int] {
        tokenizer.special.startSequence(
            language: tokenizer.languageToken(language), translates: options.task == .translate,
            timestamps: options.timestamps)
    }

    /// Decodes a window.
    func decode(
        _ job: WindowJob, of audio: AudioFeatures, _ options: TranscriptionOptions,
        _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> WindowResult {
        let positions = options.audioContext.positions(frames: job.size)
        let decoder = WindowDecoder(
            engine: engine, job: self.job, tokenizer: tokenizer, options: options,
            rules: LogitRules(coder: tokenizer, options: options.filters(positions: positions)))
        let window = WindowDecoder.Window(
            features: features(seek: job.seek, size: job.size, of: audio, positions: positions), positions: positions,
            job: job)
        do throws(EngineError) {
            let (result, times) = try await decoder.decode(window)
            statistics.add(times)
            statistics.windows += 1
            return result
        } catch {
            throw StapesError(error)
        }
    }

    /// Finds a window's text in time. Its keys and values are there still, so it is not encoded again.
    func align(
        _ job: AlignmentJob, of audio: AudioFeatures, _ options: TranscriptionOptions,
        _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> WindowAlignment {
        let positions = options.audioContext.positions(frames: job.size)
        let request = WindowRequest(
            features: features(seek: job.seek, size: job.size, of: audio, positions: positions), positions: positions,
            prompt: job.tokens, startIndex: 0, purpose: .alignment(content: job.positions), job: self.job)
        guard case .alignment(let attention) = try await run(request, &statistics) else {
            preconditionFailure("the engine answers what it was asked")
        }
        return try await pool.run { _ in WindowAlignment(job, attention) }
    }

    /// The language of one window.
    func language(
        of job: WindowJob, _ audio: AudioFeatures, _ options: TranscriptionOptions,
        _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> LanguageProbability {
        let positions = options.audioContext.positions(frames: job.size)
        let features = features(seek: job.seek, size: job.size, of: audio, positions: positions)
        return try first(of: try await languages(features, positions: positions, &statistics), options)
    }

    /// The language of the first window that is sure enough, or else of most windows (faster-whisper's
    /// `detect_language`); with one window, as usual, the reference's.
    func mostLikelyLanguage(
        _ audio: AudioFeatures, _ options: TranscriptionOptions, _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> LanguageProbability {
        let windowFrames = WindowTime.framesPerStamp * options.audioContext.windowPositions
        var votes: [LanguageProbability] = []
        for index in 0..<options.languageDetectionWindows {
            let seek = index * windowFrames
            guard index == 0 || seek < audio.contentFrames else { break }
            let positions = options.audioContext.positions(frames: min(audio.contentFrames - seek, windowFrames))
            let frames = WindowTime.framesPerStamp * positions
            let features = audio.window(seek: seek, size: frames, frames: frames)
            let first = try first(of: try await languages(features, positions: positions, &statistics), options)
            if options.languageDetectionWindows == 1 || first.probability > options.languageDetectionThreshold {
                return first
            }
            votes.append(first)
        }
        let counts = Dictionary(grouping: votes, by: \.code).mapValues(\.count)
        // Of equally many the one that was heard first.
        let most = counts.values.max() ?? 0
        return try first(of: votes.filter { counts[$0.code] == most }, options)
    }

    /// How likely each language is in a window, the likeliest first.
    func languages(
        _ features: WindowFeatures, positions: Int, _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> [LanguageProbability] {
        let special = tokenizer.special
        let request = WindowRequest(
            features: features, positions: positions, prompt: [special.startOfTranscript], startIndex: 0,
            purpose: .languages, job: job)
        guard case .languages(let probabilities) = try await run(request, &statistics) else {
            preconditionFailure("the engine answers what it was asked")
        }
        return zip(special.languages, probabilities)
            .compactMap { token, probability in
                tokenizer.languageCode(token).map {
                    LanguageProbability(code: $0, probability: Double(probability))
                }
            }
            .sorted { $0.probability > $1.probability }
    }

    /// The first that the options let in.
    private func first(
        of languages: [LanguageProbability], _ options: TranscriptionOptions
    ) throws(StapesError) -> LanguageProbability {
        let allowed = options.allowedLanguageCodes
        guard let first = languages.first(where: { allowed?.contains($0.code) ?? true }) else {
            throw StapesError(.model, "the model's tokenizer knows no language")
        }
        return first
    }

    private func features(seek: Int, size: Int, of audio: AudioFeatures, positions: Int) -> WindowFeatures {
        audio.window(seek: seek, size: size, frames: WindowTime.framesPerStamp * positions)
    }

    private func run(
        _ request: WindowRequest, _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> WindowOutcome.Answer {
        do throws(EngineError) {
            let outcome = try await engine.run(request)
            statistics.add(outcome.times)
            return outcome.answer
        } catch {
            throw StapesError(error)
        }
    }
}
