import StapesDecoding
import StapesEngine
import StapesModel
import StapesTesting
import StapesTokenizer

/// A model of one narrow layer on each side, for thousands of requests: windows of up to 20 positions.
enum SmallModel {
    static let shape = ModelConfiguration.random(
        vocabularySize: 320, encoderLayers: 1, decoderLayers: 1, melBins: 8, audioContext: 20, textContext: 64)

    static let special = SpecialTokens(
        endOfText: 200, startOfTranscript: 201, translate: 206, transcribe: 207, startOfLM: 208, startOfPrevious: 209,
        noSpeech: 210, noTimestamps: 211, timestampBegin: 212, languages: 202..<206)

    static func setup(
        _ type: Setup, rows: Int, looksAhead: Bool, graphs: GraphOptions = GraphOptions()
    ) -> EngineConfiguration {
        EngineConfiguration(
            model: .random(shape, seed: 5), special: special, device: type.device, computeType: type.computeType,
            crossKVType: type.crossKVType, threads: 1, usesOneDNN: false, graphs: graphs, maximumRows: rows,
            looksAhead: looksAhead, cacheBytes: 0)
    }

    static func limits(_ type: Setup, rows: Int, selfPages: Int, crossBlocks: Int, cacheBytes: Int) -> SchedulerLimits {
        let types = setup(type, rows: rows, looksAhead: false).types
        return SchedulerLimits(
            rows: rows, selfPages: selfPages, crossBlocks: crossBlocks, prefillTokens: 100, textContext: 64,
            audioContext: 20,
            pageBytes: KVLayout(layers: 1, heads: 1, positionsPerPage: 16, type: types.cache).bytesPerPage,
            blockBytes: KVLayout(layers: 1, heads: 1, positionsPerPage: 20, type: types.crossCache).bytesPerPage,
            cacheBytes: cacheBytes)
    }

    /// A transcript that takes all its steps.
    static func request(window: Int, positions: Int = 20, prompt: Int = 3, steps: Int) -> WindowRequest {
        let request = request(window: window, positions: positions, purpose: .languages)
        let rules = LogitRules(
            special: special, options: FilterOptions(suppressTokens: [special.endOfText], timestamps: false),
            nonSpeechTokens: [], blankToken: 20)
        return WindowRequest(
            features: request.features, positions: positions,
            prompt: (0..<prompt - 3).map { ($0 * 7 + window) % 200 } + [201, 202, 207], startIndex: prompt - 3,
            purpose: .transcript(rules, stepLimit: steps))
    }

    /// What is asked of a window alone.
    static func request(window: Int, positions: Int = 20, purpose: WindowRequest.Purpose) -> WindowRequest {
        var features = SeededGenerator(seed: UInt64(window))
        return WindowRequest(
            features: (0..<2 * positions * shape.melBins).map { _ in features.nextSignedUnit() }, positions: positions,
            prompt: [special.startOfTranscript], startIndex: 0, purpose: purpose)
    }

    /// A request of any kind; one window in twelve is not a number.
    static func draw(using generator: inout SeededGenerator) -> WindowRequest {
        let window = Int.random(in: 0..<24, using: &generator)
        let positions = 1 + window * 19 / 23
        var features = SeededGenerator(seed: UInt64(window))
        let values = (0..<2 * positions * shape.melBins).map { _ in window < 2 ? Float.nan : features.nextSignedUnit() }
        if Int.random(in: 0..<10, using: &generator) == 0 {
            return WindowRequest(
                features: values, positions: positions, prompt: [special.startOfTranscript], startIndex: 0,
                purpose: .languages)
        }
        // Few histories, so that pages are shared.
        let count = [0, 0, 3, 17, 20, 33].randomElement(using: &generator)!
        let prompt = (0..<count).map { ($0 * 7 + count) % 200 } + [201, 202, 207]
        let rules = LogitRules(
            special: special, options: FilterOptions(timestamps: Bool.random(using: &generator)), nonSpeechTokens: [3],
            blankToken: 20)
        let sampling = SamplingOptions(
            temperature: [0, 0, 0.5, 1].randomElement(using: &generator)!, seed: generator.next())
        return WindowRequest(
            features: values, positions: positions, prompt: prompt, startIndex: count,
            purpose: .transcript(rules, sampling, stepLimit: Int.random(in: 1...16, using: &generator)))
    }
}
