import StapesDecoding
import StapesEngine
import StapesMetrics
import StapesModel
import StapesTesting
import StapesTokenizer

/// A random model that runs in milliseconds, its vocabulary, and requests for it.
struct TinyModel {
    /// Two heads, so that a mix-up of heads shows; windows of 100 positions, which end inside a tile.
    static let configuration = ModelConfiguration.random(
        vocabularySize: 2001, width: 128, heads: 2, encoderLayers: 2, decoderLayers: 2, melBins: 16, audioContext: 100)

    static let special = SpecialTokens(
        endOfText: 400, startOfTranscript: 401, translate: 412, transcribe: 413, startOfLM: 414, startOfPrevious: 415,
        noSpeech: 416, noTimestamps: 417, timestampBegin: 500, languages: 402..<412)

    /// The same weights without files.
    static let source = ModelSource.random(configuration, seed: 7)

    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try RandomCheckpoint(configuration: Self.configuration, seed: 7).write(to: directory.path)
    }

    func configuration(
        _ setup: Setup = .float32, threads: Int = 2, backend: BackendChoice? = nil, oneDNN: Bool = true,
        rows: Int = 8, mailbox: Int = 1024
    ) -> EngineConfiguration {
        var configuration = Self.setup(setup, rows: rows)
        configuration.model = .directory(directory.path)
        configuration.threads = threads
        configuration.prefillBackend = backend ?? setup.backend
        configuration.decodeBackend = backend ?? setup.backend
        configuration.usesOneDNN = oneDNN
        configuration.mailboxCapacity = mailbox
        configuration.maximumWaitingWindows = mailbox
        return configuration
    }

    /// An engine of these weights that needs no files and counts where the test can look.
    static func setup(
        _ setup: Setup = .float32, rows: Int = 8, looksAhead: Bool = false, graphs: GraphOptions = .init(),
        cacheBytes: Int? = nil, metrics: MetricsRegistry = MetricsRegistry()
    ) -> EngineConfiguration {
        EngineConfiguration(
            model: source, special: special, device: setup.device, computeType: setup.computeType,
            crossKVType: setup.crossKVType, threads: 2, prefillBackend: setup.backend, decodeBackend: setup.backend,
            graphs: graphs, maximumRows: rows,
            looksAhead: looksAhead, cacheBytes: cacheBytes, metrics: metrics)
    }

    static func features(_ seed: Int, positions: Int) -> [Float] {
        var generator = SeededGenerator(seed: UInt64(seed))
        return (0..<2 * positions * configuration.melBins).map { _ in generator.nextSignedUnit() }
    }

    /// - Parameters:
    ///   - window: names the features.
    ///   - prompt: its tokens, the start of the transcript included.
    ///   - history: names the prompt's tokens before that; another window's are others unless told otherwise.
    ///   - endless: the end of the text is never sampled, so that all steps are made.
    static func request(
        window: Int, positions: Int = 100, prompt: Int = 4, history: Int? = nil, steps: Int = 20,
        timestamps: Bool = true, endless: Bool = false, sampling: SamplingOptions = SamplingOptions()
    ) -> WindowRequest {
        var generator = SeededGenerator(seed: UInt64(1000 + (history ?? window) * 31 + prompt))
        let before = (0..<max(prompt - 3, 0)).map { _ in Int.random(in: 0..<400, using: &generator) }
        let ids = (before + [401, 402, 413]).suffix(prompt)
        let rules = LogitRules(
            special: special,
            options: FilterOptions(
                suppressTokens: endless ? [special.endOfText] : [], timestamps: timestamps),
            nonSpeechTokens: [3, 5, 77], blankToken: 20)
        return WindowRequest(
            features: features(window, positions: positions), positions: positions, prompt: Array(ids),
            startIndex: ids.count - min(3, ids.count), purpose: .transcript(rules, sampling, stepLimit: steps))
    }

    /// A text of one token, said again and again, that ends by itself when the dice say so.
    static func ending(window: Int, seed: UInt64, steps: Int = 60) -> WindowRequest {
        let request = request(window: window)
        let rules = LogitRules(
            special: special,
            options: FilterOptions(
                suppressTokens: (0..<configuration.vocabularySize).filter { $0 != 7 && $0 != special.endOfText },
                timestamps: false),
            nonSpeechTokens: [], blankToken: 20)
        return WindowRequest(
            features: request.features, positions: request.positions, prompt: request.prompt,
            startIndex: request.startIndex,
            purpose: .transcript(rules, SamplingOptions(temperature: 4, seed: seed), stepLimit: steps))
    }

    /// Asks for the languages' probabilities of a window.
    static func question(window: Int, positions: Int = 100) -> WindowRequest {
        WindowRequest(
            features: features(window, positions: positions), positions: positions,
            prompt: [special.startOfTranscript], startIndex: 0, purpose: .languages)
    }

    /// Eight windows that differ in everything: length, prompt, steps, rules; two share a window.
    static let mixed: [WindowRequest] = [
        request(window: 1, steps: 40), request(window: 2, positions: 1, prompt: 30, steps: 5),
        request(window: 3, positions: 16, prompt: 1, steps: 33), request(window: 1, prompt: 17, steps: 12),
        request(window: 4, positions: 57, prompt: 100, steps: 21, timestamps: false),
        request(window: 5, prompt: 16, steps: 1, timestamps: false),
        request(window: 6, positions: 99, prompt: 223, steps: 50, endless: true),
        request(window: 7, positions: 33, prompt: 3, steps: 64, endless: true),
    ]

    /// What `mixed` lacks: temperatures and seeds, and prompts whose first pages are another's.
    static let sampled: [WindowRequest] = [
        request(window: 1, steps: 30, sampling: SamplingOptions(temperature: 0.4, seed: 3)),
        request(window: 8, positions: 71, prompt: 40, steps: 25, sampling: SamplingOptions(temperature: 1, seed: 4)),
        request(window: 8, positions: 71, prompt: 40, steps: 25, sampling: SamplingOptions(temperature: 1, seed: 5)),
        request(window: 8, positions: 71, prompt: 40, steps: 18, timestamps: false),
        request(
            window: 9, positions: 5, prompt: 90, steps: 40, endless: true,
            sampling: SamplingOptions(temperature: 0.7, seed: .max)),
    ]

    /// What differs in everything in `mixed` and `sampled`, in a few steps: two share a window, two a page of their prompt.
    static let brief: [WindowRequest] = [
        request(window: 1, steps: 7),
        request(window: 2, positions: 1, prompt: 20, steps: 4),
        request(window: 1, prompt: 17, steps: 5, timestamps: false),
        request(window: 4, positions: 25, prompt: 5, steps: 9, endless: true),
        request(window: 3, positions: 17, prompt: 2, steps: 1),
        request(window: 2, positions: 1, prompt: 20, steps: 6, sampling: SamplingOptions(temperature: 0.8, seed: 4)),
    ]
}

extension Engine {
    /// The transcript of one window.
    func transcript(_ request: WindowRequest) async throws -> WindowResult {
        guard case .transcript(let result) = try await run(request).answer else {
            throw EngineError(.invalidRequest, "a transcript was asked for")
        }
        return result
    }

    /// The transcripts of windows that run together.
    func together(_ requests: [WindowRequest]) async throws -> [WindowResult] {
        try await withThrowingTaskGroup(of: (Int, WindowResult).self) { group in
            for (index, request) in requests.enumerated() {
                group.addTask { (index, try await self.transcript(request)) }
            }
            var results = [WindowResult?](repeating: nil, count: requests.count)
            for try await (index, result) in group { results[index] = result }
            return results.compactMap { $0 }
        }
    }

    /// The code of the error that `run` throws, or nil.
    func failure(of request: WindowRequest) async -> EngineError.Code? {
        do {
            _ = try await run(request)
            return nil
        } catch {
            return error.code
        }
    }
}

/// Whether two transcripts are the same: tokens exactly, logarithms to `tolerance` a token.
func agree(_ left: WindowResult, _ right: WindowResult, tolerance: Double = 1e-5) -> Bool {
    left.tokens == right.tokens
        && abs(left.averageLogProbability - right.averageLogProbability) <= tolerance
        && abs(left.noSpeechProbability - right.noSpeechProbability) <= tolerance
}
