import CKernels
import Glibc
import StapesDecoding
import StapesDevice
import StapesEngine
import StapesTesting
import StapesTokenizer

/// A sequence as the decoding rules have it, without any device: the truth for `select`.
struct RuledSequence {
    let special: SpecialTokens
    let rules: LogitRules
    let sampling: SamplingOptions
    var sampled: [Int] = []

    init(special: SpecialTokens, rules: LogitRules, sampling: SamplingOptions) {
        self.special = special
        self.rules = rules
        self.sampling = sampling
    }

    /// A sequence under random rules.
    ///
    /// - Parameter vocabulary: ids, of which those from `timestampBegin` on are stamps and the eight before are special.
    init(vocabulary: Int, timestampBegin: Int, using generator: inout SeededGenerator) {
        let special = SpecialTokens(
            endOfText: timestampBegin - 8, startOfTranscript: timestampBegin - 7, translate: timestampBegin - 6,
            transcribe: timestampBegin - 5, startOfLM: timestampBegin - 4, startOfPrevious: timestampBegin - 3,
            noSpeech: timestampBegin - 2, noTimestamps: timestampBegin - 1, timestampBegin: timestampBegin,
            languages: 0..<0)
        func some(_ most: Int) -> [Int] {
            (0..<Int.random(in: 0...most, using: &generator)).map { _ in
                Int.random(in: 0..<vocabulary, using: &generator)
            }
        }
        func one<Value>(of values: Value...) -> Value { values[Int.random(in: 0..<values.count, using: &generator)] }
        let stamps = vocabulary - timestampBegin
        let options = FilterOptions(
            suppressTokens: one(of: nil, [], [-1, 3], some(vocabulary / 3)), suppressBlank: one(of: true, false),
            timestamps: one(of: true, true, true, false),
            maximumInitialTimestamp: one(
                of: nil, 0, 1, 0.02 * Double(Int.random(in: 1...2 * stamps, using: &generator))),
            windowStamps: one(of: nil, 1500, Int.random(in: 1...stamps + 5, using: &generator)))
        let rules = LogitRules(
            special: special, options: options, nonSpeechTokens: some(9).filter { $0 < special.endOfText },
            blankToken: one(of: nil, Int.random(in: 0..<special.endOfText, using: &generator)))
        self.init(
            special: special, rules: rules,
            sampling: SamplingOptions(temperature: one(of: 0, 0, 0.2, 0.7, 1, 1.5), seed: generator.next()))
    }

    var kernelRules: stapes_sampling_rules { stapes_sampling_rules(rules.parameters, sampling) }

    /// What the rules need to know of `sampled`, by the definition of each field.
    var state: stapes_sampling_state {
        let beforeLast = sampled.dropLast().last
        return stapes_sampling_state(
            token: Int32(sampled.last ?? 0), count: Int32(sampled.count),
            follows_text: beforeLast.map { $0 < special.timestampBegin } == true ? 1 : 0,
            last_timestamp: Int32(sampled.last { $0 >= special.timestampBegin } ?? 0))
    }

    /// Whether each id may come next, the rule about the stamps' mass aside.
    func isAllowed(vocabulary: Int) -> [Bool] {
        let mask = rules.mask(sampled: sampled)
        var allowed = (0..<vocabulary).map { !mask.masks($0) }
        if mask.usesSuppressList { for id in rules.suppressList where id < vocabulary { allowed[id] = false } }
        return allowed
    }

    /// The random number of the next step.
    var share: Double { Philox.uniform(seed: sampling.seed, step: UInt32(sampled.count)) }

    /// The rules' own choice. A row of which nothing is left is an error on the device, and the end of the text by the
    /// rules.
    func choice(_ logits: [Float]) -> SamplingSeats.Choice {
        let mask = rules.mask(sampled: sampled)
        let choice = logits.withUnsafeBufferPointer {
            sampling.temperature > 0
                ? SamplingRule.select(
                    logits: $0, mask: mask, suppressList: rules.suppressList, special: special,
                    temperature: Double(sampling.temperature), share: share)
                : GreedyRule.select(logits: $0, mask: mask, suppressList: rules.suppressList, special: special)
        }
        guard choice.logProbability > -.infinity else { return .none }
        return SamplingSeats.Choice(token: choice.token, logProbability: choice.logProbability)
    }

    /// How far the random number of the next step is from the part of the distribution that belongs to `token`.
    ///
    /// - Parameter logits: with what the rules forbid at minus infinity.
    func distance(to token: Int, _ logits: [Float]) -> Double {
        let best = Double(logits.max() ?? 0)
        let weights = logits.map { exp((Double($0) - best) / Double(sampling.temperature)) }
        let whole = weights.reduce(0, +)
        let begin = weights[..<token].reduce(0, +) / whole
        let end = begin + weights[token] / whole
        return max(begin - share, share - end, 0)
    }
}
