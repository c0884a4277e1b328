import StapesDecoding
import StapesEngine
import StapesModel
import StapesTesting
import Testing

@Suite("Invariant 10: positions end where the model's do") struct Invariant10PositionsEnd {
    /// A shorter text context, so that the end is not where pages end: 41 positions, 0 to 40.
    private static let short = ModelConfiguration.random(
        vocabularySize: 2001, width: 128, heads: 2, melBins: 16, audioContext: 100, textContext: 41)

    /// A model on its device.
    private static let models = [(short, Setup.float32), (TinyModel.configuration, .float32), (short, .gpu)]

    private static func setup(_ model: ModelConfiguration, _ type: Setup, looksAhead: Bool) -> EngineConfiguration {
        var configuration = TinyModel.setup(type, rows: 4, looksAhead: looksAhead)
        configuration.model = .random(model, seed: 7)
        return configuration
    }

    /// Rules that look at no token before, so that any cut of a text into prompt and transcript asks for the same.
    private static func request(_ prompt: [Int], steps: Int, window: Int = 1) -> WindowRequest {
        let rules = LogitRules(
            special: TinyModel.special,
            options: FilterOptions(
                suppressTokens: [TinyModel.special.endOfText], suppressBlank: false, timestamps: false),
            nonSpeechTokens: [], blankToken: 20)
        return WindowRequest(
            features: TinyModel.features(window, positions: 100), positions: 100, prompt: prompt, startIndex: 0,
            purpose: .transcript(rules, stepLimit: steps))
    }

    private static func prompt(_ count: Int) -> [Int] { (0..<count).map { $0 * 37 % 400 } }

    /// Prompts up to the very last position, sampling without end: what positions steps are given is looked up.
    @Test(arguments: models, [false, true])
    func endlessSamplingEndsWithTheLastPosition(on: (ModelConfiguration, Setup), looksAhead: Bool) throws {
        let (model, type) = on
        let world = try LoopWorld(Self.setup(model, type, looksAhead: looksAhead))
        let context = model.textContext
        let counts =
            type.isGPU
            ? [context - 12, context - 1, context]
            : [1, 2, 15, 16, 17, context - 33, context - 2, context - 1, context]
        for count in counts where count > 0 {
            let steps = context + 1 - count
            let id = world.submit(Self.request(Self.prompt(count), steps: steps))
            var last = -1
            while !world.loop.isIdle {
                world.step()
                // In decode the one row's position; the prompt's are 0 to `count` - 1.
                if world.state(of: id) == .decoding || world.state(of: id) == .ending {
                    last = max(last, (world.loop.scheduler[id]?.length ?? 0) - 1)
                }
            }
            #expect(world.transcript(of: id)?.tokens.count == steps, "\(count) tokens of a prompt")
            #expect(last < context)
        }
        for plane in [world.loop.runner.decode, world.loop.runner.prefill] {
            let positions = plane.slots.slots.first { $0.name == "positions" }
            let largest = (0..<(positions?.count ?? 0)).compactMap { positions?[$0] }.max() ?? -1
            #expect(Int(largest) == context - 1, "the last position is used and none past it")
        }
        #expect(world.loop.holdings == EngineHoldings())
    }

    @Test(arguments: models) func moreThanFitsIsRefused(model: ModelConfiguration, type: Setup) throws {
        let world = try LoopWorld(Self.setup(model, type, looksAhead: false))
        let context = model.textContext
        for (count, steps) in [(context, 2), (context - 1, 3), (1, context + 1), (context + 1, 1)] {
            let id = world.submit(Self.request(Self.prompt(count), steps: steps))
            #expect(world.failure(of: id) == .invalidRequest, "\(steps) tokens after \(count)")
        }
        #expect(world.loop.isIdle)
    }

    /// Each of the last tokens, and how likely it is, is what a prompt of all tokens before it gives: no position stands
    /// for another.
    @Test(arguments: models) func nothingIsClamped(model: ModelConfiguration, type: Setup) throws {
        let world = try LoopWorld(Self.setup(model, type, looksAhead: true))
        let context = model.textContext
        let last = type.isGPU ? 8 : 20
        let start = Self.prompt(context - last)
        let whole = world.submit(Self.request(start, steps: last + 1))
        world.drain()
        let result = try #require(world.transcript(of: whole))
        var logProbabilities: [Double] = []
        for count in 0...last {
            let id = world.submit(Self.request(start + result.tokens.prefix(count), steps: 1))
            world.drain()
            let one = try #require(world.transcript(of: id))
            #expect(one.tokens == [result.tokens[count]], "after \(count) of \(last + 1) tokens")
            logProbabilities.append(one.sumLogProbability)
        }
        #expect(logProbabilities.reduce(0, +) == result.sumLogProbability)
        #expect(Set(logProbabilities).count == last + 1, "each position is to have its own")
    }
}
