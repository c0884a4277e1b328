import StapesAudio
import StapesDecoding
import StapesEngine
import StapesModel
import StapesTokenizer

/// Speech to text. One transcriber serves any number of tasks at once; the engine batches their windows.
///
/// The path of a file: bytes -> PCM -> log-mel -> windows -> engine -> segments. On a GPU the engine makes the log-mel.
public final class Transcriber: Sendable {
    /// What the configuration was resolved to.
    public let description: EngineDescription

    private let engine: Engine
    private let tokenizer: Tokenizer
    private let extractor: FeatureExtractor
    private let speech: SpeechFinder
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
            throw StapesError(
                .unavailable,
                "with these backends, or so many windows encoded together, a text may depend on the requests beside it"
            )
        }
        let bins = engine.description.model.melBins
        extractor = FeatureExtractor(
            logMel: LogMelExtractor(bins: bins, level: settings.level.number) ?? LogMelExtractor(bins: bins),
            onDevice: description.logMelOnDevice)
        // One more than the engine has: a file that waits for its bytes leaves a thread to the others.
        pool = WorkPool(width: settings.threads + 1)
        speech = SpeechFinder(directory: configuration.voiceActivityDirectory, level: settings.level.number)
    }

    /// Transcribes one file from beginning to end.
    ///
    /// - Parameters:
    ///   - audio: a file, its bytes, or samples.
    ///   - options: how it is transcribed.
    ///   - limits: what is refused instead of decoded.
    ///   - priority: lower goes first, strictly: windows of a higher number wait as long as any of a lower one do. Among
    ///     files of one priority the engine's time is shared out evenly, however long they are.
    ///   - onEvent: called in order, on no particular thread; what it does delays the file.
    /// - Throws: `audio`, `model`, `invalidOption`, `cancelled`, `overloaded`, `engine`.
    public func transcribe(
        _ audio: AudioSource, options: TranscriptionOptions = .init(), limits: AudioLimits = .default,
        priority: Int = 0, onEvent: (@Sendable (TranscriptionEvent) -> Void)? = nil
    ) async throws(StapesError) -> Transcription {
        try await run(audio, options: options, limits: limits, priority: priority) { onEvent?($0) }
    }

    /// The same for a caller that takes its time over events: the file waits for it.
    package func transcribe(
        _ audio: AudioSource, options: TranscriptionOptions, limits: AudioLimits, priority: Int,
        onEvent: @escaping @Sendable (TranscriptionEvent) async -> Void
    ) async throws(StapesError) -> Transcription {
        try await run(audio, options: options, limits: limits, priority: priority, onEvent: onEvent)
    }

    /// The bytes of a token of text, which need not be whole characters; nil for stamps and other marks.
    package func bytes(ofToken id: Int) -> [UInt8]? {
        id < tokenizer.special.endOfText ? tokenizer.bytes(of: id) : nil
    }

    /// Transcribes one file and tells of it as it goes. Nothing is done before the sequence is iterated.
    public func segments(
        _ audio: AudioSource, options: TranscriptionOptions = .init(), limits: AudioLimits = .default,
        priority: Int = 0
    ) -> SegmentSequence {
        SegmentSequence { onEvent throws(StapesError) in
            _ = try await self.run(audio, options: options, limits: limits, priority: priority, onEvent: onEvent)
        }
    }

    /// Transcribes speech while it is spoken. Nothing is heard before the sequence is iterated, and an iterator of
    /// `pcm` is made for each of its own.
    ///
    /// - Parameters:
    ///   - pcm: mono samples at 16 kHz in -1...1, in chunks of any size; values outside are clipped.
    ///   - options: how the audio is transcribed, and how often it is looked at.
    ///   - priority: as for a file.
    public func live<Samples: AsyncSequence & Sendable>(
        _ pcm: Samples, options: LiveOptions = .init(), priority: Int = 0
    ) -> LiveSequence where Samples.Element == [Float] {
        live(pcm, options: options, priority: priority, catchesUp: false)
    }

    /// The same for audio that should not wait.
    ///
    /// - Parameter catchesUp: whether a look takes all that has come since the last, so that a machine which is too slow
    ///   for `stepSeconds` looks less often. Then the text depends on the chunks and on the machine.
    package func live<Samples: AsyncSequence & Sendable>(
        _ pcm: Samples, options: LiveOptions, priority: Int = 0, catchesUp: Bool
    ) -> LiveSequence where Samples.Element == [Float] {
        LiveSequence { onResult throws(StapesError) in
            try options.check()
            try options.transcription.check(audioContext: self.description.model.audioContext)
            let requested = try self.requestedLanguage(options.transcription)
            let windows = self.beginJob(priority: priority)
            defer { windows.endJob() }
            let walk = LiveWalk(
                windows: windows, extractor: self.extractor, options: options.transcription,
                requested: requested)
            let window = LiveWindow(
                options: options.transcription.seeking(language: requested ?? ""), stepSeconds: options.stepSeconds,
                pauseSeconds: options.pauseSeconds, catchesUp: catchesUp)
            try await walk.run(pcm, window, onResult: onResult)
        }
    }

    private func run(
        _ audio: AudioSource, options: TranscriptionOptions, limits: AudioLimits, priority: Int, onEvent: EventSink
    ) async throws(StapesError) -> Transcription {
        try options.check(audioContext: description.model.audioContext)
        let requested = try requestedLanguage(options)
        let recording = try await prepare(audio, options: options, limits: limits)
        let windows = beginJob(priority: priority)
        defer { windows.endJob() }
        var statistics = TranscriptionStatistics(featureSeconds: recording.featureSeconds)
        let language: LanguageProbability
        if let requested {
            language = LanguageProbability(code: requested, probability: 1)
        } else {
            language = try await windows.mostLikelyLanguage(recording.heard, options, &statistics)
            await onEvent(.language(language))
        }
        let walk = FileWalk(windows: windows, options: options, language: language.code, isFixed: requested != nil)
        let result = try await recording.transcribe(by: walk, &statistics, onEvent: onEvent)
        await onEvent(.statistics(statistics))
        return Transcription(
            text: result.text, segments: result.segments, language: language.code, durationSeconds: recording.duration)
    }

    /// How likely each language is in the first 30 seconds, the likeliest first. An English-only model knows one.
    public func detectLanguage(
        _ audio: AudioSource, limits: AudioLimits = .default, priority: Int = 0
    ) async throws(StapesError) -> [LanguageProbability] {
        guard tokenizer.special.isMultilingual else { return [LanguageProbability(code: "en", probability: 1)] }
        var statistics = TranscriptionStatistics()
        let recording = try await prepare(audio, options: TranscriptionOptions(), limits: limits)
        let windows = beginJob(priority: priority)
        defer { windows.endJob() }
        return try await windows.languages(
            recording.heard.detectionWindow(), positions: description.model.audioContext, &statistics)
    }

    /// Whether `live` takes these options.
    ///
    /// - Throws: `invalidOption`.
    package func check(_ options: LiveOptions) throws(StapesError) {
        try options.check()
        try options.transcription.check(audioContext: description.model.audioContext)
        _ = try requestedLanguage(options.transcription)
    }

    /// How likely there is speech in audio that is still coming.
    ///
    /// - Throws: `model` if the network's weights are not there or damaged.
    package func voiceActivityStream() async throws(StapesError) -> VoiceActivityStream {
        let speech = speech
        return try await pool.run { _ throws(StapesError) in try speech.stream() }
    }

    /// What the engine holds between two steps.
    package func holdings() async -> EngineHoldings { await engine.holdings() }

    /// The engine for one file, stream or request, which takes turns with the others.
    private func beginJob(priority: Int) -> WindowClient {
        WindowClient(
            engine: engine, job: engine.beginJob(priority: priority), tokenizer: tokenizer, pool: pool)
    }

    /// Bytes -> PCM -> speech -> log-mel or its samples, on a thread of its own.
    private func prepare(
        _ audio: AudioSource, options: TranscriptionOptions, limits: AudioLimits
    ) async throws(StapesError) -> Recording {
        let (extractor, speech) = (extractor, speech)
        return try await pool.run { isCancelled throws(StapesError) in
            let start = ContinuousClock.now
            let pcm: PCM
            do throws(AudioError) {
                pcm = try AudioDecoder.decode(audio, limits: limits, isCancelled: isCancelled)
            } catch {
                throw StapesError(error)
            }
            var recording = try Recording(
                pcm, options: options, extractor: extractor, speech: speech, isCancelled: isCancelled)
            recording.featureSeconds = (ContinuousClock.now - start) / .seconds(1)
            return recording
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
            guard code == nil || code == "en", options.task == .transcribe,
                options.allowedLanguageCodes?.contains("en") ?? true
            else {
                throw StapesError(.invalidOption, "the model knows English only and does not translate")
            }
            return "en"
        }
        if let unknown = options.allowedLanguageCodes?.first(where: { tokenizer.languageToken($0) == nil }) {
            throw StapesError(.invalidOption, "the model does not know the language '\(unknown)'")
        }
        if let code, tokenizer.languageToken(code) == nil {
            throw StapesError(.invalidOption, "the model does not know the language '\(code)'")
        }
        return code
    }
}
