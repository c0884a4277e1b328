import StapesDecoding
import StapesEngine
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

    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try RandomCheckpoint(configuration: Self.configuration, seed: 7).write(to: directory.path)
    }

    func configuration(
        _ computeType: ComputeType = .float32, threads: Int = 2, backend: BackendChoice = .cpu, oneDNN: Bool = true,
        rows: Int = 8, mailbox: Int = 1024
    ) -> EngineConfiguration {
        EngineConfiguration(
            model: .directory(directory.path), special: Self.special, computeType: computeType, threads: threads,
            prefillBackend: backend, decodeBackend: backend, usesOneDNN: oneDNN, maximumRows: rows,
            mailboxCapacity: mailbox)
    }

    static func features(_ seed: Int, positions: Int) -> [Float] {
        var generator = SeededGenerator(seed: UInt64(seed))
        return (0..<2 * positions * configuration.melBins).map { _ in generator.nextSignedUnit() }
    }

    /// - Parameters:
    ///   - window: names the features.
    ///   - endless: the end of the text is never sampled, so that all steps are made.
    static func request(
        window: Int, positions: Int = 100, prompt: Int = 4, steps: Int = 20, timestamps: Bool = true,
        endless: Bool = false
    ) -> WindowRequest {
        var generator = SeededGenerator(seed: UInt64(1000 + window * 31 + prompt))
        let history = (0..<max(prompt - 3, 0)).map { _ in Int.random(in: 0..<400, using: &generator) }
        let ids = (history + [401, 402, 413]).suffix(prompt)
        let rules = LogitRules(
            special: special,
            options: FilterOptions(
                suppressTokens: endless ? [special.endOfText] : [], timestamps: timestamps),
            nonSpeechTokens: [3, 5, 77], blankToken: 20)
        return WindowRequest(
            features: features(window, positions: positions), positions: positions, prompt: Array(ids),
            startIndex: ids.count - min(3, ids.count), purpose: .transcript(rules, stepLimit: steps))
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
