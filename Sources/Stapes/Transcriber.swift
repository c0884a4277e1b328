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
        let decoder = WindowDecoder(
            engine: engine, tokenizer: tokenizer, options: options,
            rules: LogitRules(coder: tokenizer, options: options.filters))
        let features = try await features(of: audio, limits: limits)
        var statistics = TranscriptionStatistics(featureSeconds: features.seconds)
        let language: LanguageProbability
        if let requested {
            language = LanguageProbability(code: requested, probability: 1)
        } else {
            language = try await mostLikelyLanguage(features.mel, options, &statistics)
            onEvent?(.language(language))
        }

        var loop = SeekLoop(
            contentFrames: features.mel.contentFrames, startSequence: startSequence(language.code, options),
            options: options.seeking(language: language.code), coder: tokenizer)
        var segments: [Segment] = []
        walk: while true {
            let found: [Segment]
            switch loop.next() {
            case .decode(var job):
                if options.multilingual, requested == nil {
                    let heard = try await language(of: job, features.mel, options, &statistics)
                    job = loop.begin(with: startSequence(heard.code, options))
                }
                found = loop.receive(try await decode(job, of: features.mel, by: decoder, &statistics))
            case .align(let job):
                found = loop.receive(try await align(job, of: features.mel, by: decoder, &statistics))
            case .finished: break walk
            }
            for segment in found {
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
        let mel = try await features(of: audio, limits: limits).mel
        return try await languages(
            mel.detectionWindow(), positions: description.model.audioContext, &statistics)
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

    private func startSequence(_ language: String, _ options: TranscriptionOptions) -> [Int] {
        tokenizer.special.startSequence(
            language: tokenizer.languageToken(language), translates: options.task == .translate,
            timestamps: options.timestamps)
    }

    private func positions(_ options: TranscriptionOptions) -> Int {
        options.audioContext ?? description.model.audioContext
    }

    private func window(seek: Int, size: Int, of mel: LogMel, _ options: TranscriptionOptions) -> [Float] {
        mel.window(seek: seek, size: size, frames: WindowTime.framesPerStamp * positions(options))
    }

    /// Finds a window's text in time. Its keys and values are there still, so it is not encoded again.
    private func align(
        _ job: AlignmentJob, of mel: LogMel, by decoder: WindowDecoder, _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> WindowAlignment {
        let request = WindowRequest(
            features: window(seek: job.seek, size: job.size, of: mel, decoder.options),
            positions: positions(decoder.options), prompt: job.tokens, startIndex: 0,
            purpose: .alignment(content: job.positions))
        guard case .alignment(let attention) = try await run(request, &statistics) else {
            preconditionFailure("the engine answers what it was asked")
        }
        return await pool.run { WindowAlignment(job, attention) }
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

    private func decode(
        _ job: WindowJob, of mel: LogMel, by decoder: WindowDecoder, _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> WindowResult {
        let window = WindowDecoder.Window(
            features: window(seek: job.seek, size: job.size, of: mel, decoder.options),
            positions: positions(decoder.options), job: job)
        do throws(EngineError) {
            let (result, times) = try await decoder.decode(window)
            statistics.add(times)
            statistics.windows += 1
            return result
        } catch {
            throw StapesError(error)
        }
    }

    /// The language of one window.
    private func language(
        of job: WindowJob, _ mel: LogMel, _ options: TranscriptionOptions, _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> LanguageProbability {
        let features = window(seek: job.seek, size: job.size, of: mel, options)
        return try first(of: try await languages(features, positions: positions(options), &statistics))
    }

    private func first(of languages: [LanguageProbability]) throws(StapesError) -> LanguageProbability {
        guard let first = languages.first else {
            throw StapesError(.model, "the model's tokenizer knows no language")
        }
        return first
    }

    /// How likely each language is in a window, the likeliest first.
    private func languages(
        _ features: [Float], positions: Int, _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> [LanguageProbability] {
        let special = tokenizer.special
        let request = WindowRequest(
            features: features, positions: positions, prompt: [special.startOfTranscript], startIndex: 0,
            purpose: .languages)
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

    /// The language of the first window that is sure enough, or else of most windows (faster-whisper's
    /// `detect_language`); with one window, as usual, the reference's.
    private func mostLikelyLanguage(
        _ mel: LogMel, _ options: TranscriptionOptions, _ statistics: inout TranscriptionStatistics
    ) async throws(StapesError) -> LanguageProbability {
        let positions = positions(options)
        let frames = WindowTime.framesPerStamp * positions
        var votes: [LanguageProbability] = []
        for index in 0..<options.languageDetectionWindows {
            let seek = index * frames
            guard index == 0 || seek < mel.contentFrames else { break }
            let features = mel.window(seek: seek, size: frames, frames: frames)
            let first = try first(of: try await languages(features, positions: positions, &statistics))
            if options.languageDetectionWindows == 1 || first.probability > options.languageDetectionThreshold {
                return first
            }
            votes.append(first)
        }
        let counts = Dictionary(grouping: votes, by: \.code).mapValues(\.count)
        // Of equally many the one that was heard first.
        let most = counts.values.max() ?? 0
        return votes.first { counts[$0.code] == most } ?? LanguageProbability(code: "en", probability: 0)
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
