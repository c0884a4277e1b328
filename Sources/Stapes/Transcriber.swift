import StapesAudio
import StapesDecoding
import StapesEngine
import StapesModel
import StapesTokenizer

/// Speech to text. One transcriber serves any number of tasks at once; the engine batches their windows.
///
/// The path of a file: bytes -> PCM -> log-mel -> windows -> engine -> segments.
public final class Transcriber: Sendable {
    /// What the configuration was resolved to.
    public let description: EngineDescription

    private let engine: Engine
    private let tokenizer: Tokenizer
    private let extractor: LogMelExtractor
    private let pool: WorkPool

    /// Loads the model.
    ///
    /// - Throws: `model`, `unavailable`, `invalidOption`.
    public init(_ configuration: TranscriberConfiguration) async throws(StapesError) {
        let model: ModelConfiguration
        do throws(ModelError) {
            model = try Checkpoint(directory: configuration.modelDirectory).configuration
        } catch {
            throw StapesError(error)
        }
        // The rules of decoding and the length of a window are Whisper's; a model of other lengths is not one.
        guard model.textContext == SamplingLimits.context, 2 * model.audioContext == LogMel.windowFrames else {
            throw StapesError(
                .model,
                "\(configuration.modelDirectory): \(model.textContext) text and \(model.audioContext) audio positions; "
                    + "Whisper has \(SamplingLimits.context) and \(LogMel.windowFrames / 2)")
        }
        do throws(TokenizerError) {
            tokenizer = try Tokenizer(directory: configuration.modelDirectory, vocabularySize: model.vocabularySize)
        } catch {
            throw StapesError(error)
        }
        let settings = try EngineConfiguration(configuration, special: tokenizer.special)
        do throws(EngineError) {
            engine = try await Engine(settings)
        } catch {
            throw StapesError(error)
        }
        description = engine.description
        guard description.isDeterministic || !configuration.requiresDeterminism else {
            throw StapesError(.unavailable, "with these backends a text may depend on the requests beside it")
        }
        let bins = engine.description.model.melBins
        extractor = LogMelExtractor(bins: bins, level: settings.level.number) ?? LogMelExtractor(bins: bins)
        // One more than the engine has: a file that waits for its bytes leaves a thread to the others.
        pool = WorkPool(width: settings.threads + 1)
    }

    /// Transcribes one file from beginning to end.
    ///
    /// - Parameter onEvent: called in order, on no particular thread; what it does delays the file.
    /// - Throws: `audio`, `invalidOption`, `cancelled`, `overloaded`, `engine`.
    public func transcribe(
        _ audio: AudioSource, options: TranscriptionOptions = .init(), limits: AudioLimits = .default,
        onEvent: (@Sendable (TranscriptionEvent) -> Void)? = nil
    ) async throws(StapesError) -> Transcription {
        try options.check(audioContext: description.model.audioContext)
        let requested = try requestedLanguage(options)
        let positions = options.audioContext ?? description.model.audioContext
        let rules = LogitRules(coder: tokenizer, options: options.filters)
        let features = try await features(of: audio, limits: limits)
        var statistics = TranscriptionStatistics(featureSeconds: features.seconds)
        let language: LanguageProbability
        if let requested {
            language = LanguageProbability(code: requested, probability: 1)
        } else {
            language = try await mostLikelyLanguage(features.mel, positions: positions, &statistics)
            onEvent?(.language(language))
        }

        var loop = SeekLoop(
            contentFrames: features.mel.contentFrames,
            startSequence: tokenizer.special.startSequence(
                language: tokenizer.languageToken(language.code), translates: options.task == .translate,
                timestamps: options.timestamps),
            options: options.seeking, coder: tokenizer)
        var segments: [Segment] = []
        while case .decode(let job) = loop.next() {
            var result = try await decode(
                job, of: features.mel, positions: positions,
                purpose: .transcript(rules, options.sampling(seek: job.seek), stepLimit: job.stepLimit), &statistics)
            // As it was asked for: the engine's is rounded to float32.
            result.temperature = options.temperature
            for segment in loop.receive(result) {
                segments.append(segment)
                onEvent?(.segment(segment))
            }
            let done = WindowTime.seconds(frames: min(loop.seek, features.mel.contentFrames))
            onEvent?(.progress(seconds: done, of: features.duration))
        }
        onEvent?(.statistics(statistics))
        return Transcription(
            text: loop.text, segments: segments, language: language.code, durationSeconds: features.duration)
    }

    /// How likely each language is in the first 30 seconds, the likeliest first. An English-only model knows one.
    public func detectLanguage(
        _ audio: AudioSource, limits: AudioLimits = .default
    ) async throws(StapesError) -> [LanguageProbability] {
        guard tokenizer.special.isMultilingual else { return [LanguageProbability(code: "en", probability: 1)] }
        var statistics = TranscriptionStatistics()
        return try await languages(
            features(of: audio, limits: limits).mel, positions: description.model.audioContext, &statistics)
    }

    // MARK: Steps of the path

    private struct Features: Sendable {
        let mel: LogMel
        let duration: Double
        let seconds: Double
    }

    private func features(of audio: AudioSource, limits: AudioLimits) async throws(StapesError) -> Features {
        let extractor = extractor
        do throws(AudioError) {
            return try await pool.run { () throws(AudioError) in
                let start = ContinuousClock.now
                let pcm = try AudioDecoder.decode(audio, limits: limits)
                let mel = extractor.extract(pcm)
                return Features(
                    mel: mel, duration: pcm.durationSeconds, seconds: (ContinuousClock.now - start) / .seconds(1))
            }
        } catch {
            throw StapesError(error)
        }
    }

    private func decode(
        _ job: WindowJob, of mel: LogMel, positions: Int, purpose: WindowRequest.Purpose,
        _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> WindowResult {
        let features = mel.window(
            seek: job.seek, size: job.size, frames: WindowTime.framesPerStamp * positions)
        let outcome = try await run(
            WindowRequest(
                features: features, positions: positions, prompt: job.prompt, startIndex: job.sotIndex,
                purpose: purpose), &statistics)
        guard case .transcript(let result) = outcome else {
            preconditionFailure("the engine answers what it was asked")
        }
        statistics.windows += 1
        return result
    }

    private func languages(
        _ mel: LogMel, positions: Int, _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> [LanguageProbability] {
        let special = tokenizer.special
        let outcome = try await run(
            WindowRequest(
                features: mel.detectionWindow(frames: WindowTime.framesPerStamp * positions), positions: positions,
                prompt: [special.startOfTranscript], startIndex: 0, purpose: .languages), &statistics)
        guard case .languages(let probabilities) = outcome else {
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

    private func mostLikelyLanguage(
        _ mel: LogMel, positions: Int, _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> LanguageProbability {
        guard let first = try await languages(mel, positions: positions, &statistics).first else {
            throw StapesError(.model, "the model's tokenizer knows no language")
        }
        return first
    }

    private func run(
        _ request: WindowRequest, _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> WindowOutcome.Answer {
        do throws(EngineError) {
            let outcome = try await engine.run(request)
            statistics.encodeSeconds += outcome.times.encodeSeconds
            statistics.prefillSeconds += outcome.times.prefillSeconds
            statistics.decodeSeconds += outcome.times.decodeSeconds
            statistics.tokens += outcome.times.tokens
            return outcome.answer
        } catch {
            throw StapesError(error)
        }
    }

    // MARK: Languages

    /// The code of the language that was asked for, nil if it is to be detected.
    private func requestedLanguage(_ options: TranscriptionOptions) throws(StapesError) -> String? {
        let code: String?
        if let name = options.language {
            guard let known = Languages.code(for: name) else {
                throw StapesError(.invalidOption, "no language is named '\(name)'")
            }
            code = known
        } else {
            code = nil
        }
        guard tokenizer.special.isMultilingual else {
            guard code == nil || code == "en", options.task == .transcribe else {
                throw StapesError(.invalidOption, "the model knows English only and does not translate")
            }
            return "en"
        }
        if let code, tokenizer.languageToken(code) == nil {
            throw StapesError(.invalidOption, "the model does not know the language '\(code)'")
        }
        return code
    }
}
