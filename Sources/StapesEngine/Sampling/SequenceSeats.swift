import CKernels
import StapesDecoding
import StapesDevice

/// Where the sequences that sample sit on the device: a seat holds a sequence's rules, its suppressed ids, and what it
/// has sampled as far as the rules ask.
///
/// With that on the device one step can follow another without the host: what a step chooses, the next is fed with.
/// Seat 0 is reserved: rows of padding sit there, and so do sequences that do not sample.
package final class SequenceSeats {
    /// 64-bit words of a bit set over the vocabulary.
    package let words: Int
    private let capacity: Int
    private let vocabulary: Int
    private let stream: Stream
    private let rulesMemory: Buffer
    private let statesMemory: Buffer
    private let historyMemory: Buffer
    private let suppressedMemory: Buffer
    /// Ids that a history has room for.
    package let historyLength: Int
    private var free: [Int32]

    /// - Parameters:
    ///   - capacity: the most sequences at a time; a beam counts as one.
    ///   - historyLength: the most ids that a sequence samples.
    init(capacity: Int, vocabulary: Int, historyLength: Int, stream: Stream) throws(DeviceError) {
        self.capacity = capacity
        self.vocabulary = vocabulary
        self.stream = stream
        words = (vocabulary + 63) / 64
        rulesMemory = try Buffer(of: stapes_sampling_rules.self, count: capacity + 1, on: stream)
        statesMemory = try Buffer(of: stapes_sampling_state.self, count: capacity + 1, on: stream)
        self.historyLength = historyLength
        historyMemory = try Buffer(of: Int32.self, count: (capacity + 1) * historyLength, on: stream)
        suppressedMemory = try Buffer(of: UInt64.self, count: (capacity + 1) * words, on: stream)
        free = (1...Int32(capacity)).reversed()
    }

    /// `[seats]`
    package var rules: UnsafeMutablePointer<stapes_sampling_rules> { rulesMemory.start() }
    package var states: UnsafeMutablePointer<stapes_sampling_state> { statesMemory.start() }
    /// `[seats, historyLength]`
    package var history: UnsafeMutablePointer<Int32> { historyMemory.start() }
    /// `[seats, words]`
    package var suppressed: UnsafeMutablePointer<UInt64> { suppressedMemory.start() }

    /// Seats that are taken; 0 is the baseline.
    package var usedCount: Int { capacity - free.count }

    /// Seats a sequence that has sampled nothing yet, until `release`.
    package func reserve(_ rules: LogitRules, _ sampling: SamplingOptions = SamplingOptions()) -> Int32 {
        var bits = [UInt64](repeating: 0, count: words)
        for token in rules.suppressList where token >= 0 && token < vocabulary {
            bits[token / 64] |= 1 << UInt64(token % 64)
        }
        return reserve(stapes_sampling_rules(rules.parameters, sampling), suppressed: bits)
    }

    /// Seats a sequence under no rule at all, for measurements.
    func reserveNeutral() -> Int32 {
        reserve(stapes_sampling_rules(), suppressed: [UInt64](repeating: 0, count: words))
    }

    private func reserve(_ rules: stapes_sampling_rules, suppressed bits: [UInt64]) -> Int32 {
        guard let seat = free.popLast() else { preconditionFailure("more sequences than seats") }
        var rules = rules
        stream.write(&rules, count: 1, to: self.rules + Int(seat))
        stream.write(bits, count: words, to: suppressed + Int(seat) * words)
        setState(stapes_sampling_state(), of: seat)
        return seat
    }

    package func release(_ seat: Int32) {
        precondition(seat > 0, "the reserved seat is nobody's")
        free.append(seat)
    }

    /// Puts words into a sequence's mouth: its next step is fed with `token`, as if it had sampled that alone.
    package func force(_ token: Int, at seat: Int32) {
        setState(stapes_sampling_state(token: Int32(token), count: 1, follows_text: 0, last_timestamp: 0), of: seat)
    }

    /// Tells a beam which tokens it stands for: after every step it is the child of another.
    ///
    /// - Parameter needsHistory: whether the rules look at more than the last tokens.
    func set(_ sampled: [Int], timestampBegin: Int, needsHistory: Bool, at seat: Int32) {
        setState(stapes_sampling_state(sampled, timestampBegin: timestampBegin), of: seat)
        guard needsHistory else { return }
        let ids = sampled.prefix(historyLength).map(Int32.init(truncatingIfNeeded:))
        ids.withUnsafeBufferPointer { ids in
            guard let start = ids.baseAddress else { return }
            stream.write(start, count: ids.count, to: history + Int(seat) * historyLength)
        }
    }

    package func setState(_ state: stapes_sampling_state, of seat: Int32) {
        var state = state
        stream.write(&state, count: 1, to: states + Int(seat))
    }

    /// For tests: no step needs to look.
    package func readState(of seat: Int32) -> stapes_sampling_state {
        var state = stapes_sampling_state()
        stream.read(UnsafePointer(states) + Int(seat), count: 1, into: &state)
        return state
    }
}

extension stapes_sampling_rules {
    package init(_ parameters: RuleParameters, _ sampling: SamplingOptions) {
        self.init()
        seed = sampling.seed
        temperature = sampling.temperature
        repetition_penalty = sampling.repetitionPenalty
        unrepeated_run = Int32(sampling.noRepeatNgramSize)
        candidates = sampling.beamSize > 1 ? Int32(sampling.beamSize + 1) : 0
        end_of_text = Int32(parameters.endOfText)
        blank = Int32(parameters.blankToken ?? -1)
        no_timestamps = Int32(parameters.noTimestamps)
        func stamp(_ count: Int?) -> Int32 { count.map { Int32(parameters.timestampBegin + $0) } ?? .max }
        last_initial_timestamp = stamp(parameters.lastInitialTimestamp)
        last_timestamp = stamp(parameters.lastTimestamp)
        timestamps = parameters.timestamps ? 1 : 0
        suppresses_blank = parameters.suppressesBlank ? 1 : 0
        suppresses_list = 1
    }
}

extension stapes_sampling_state {
    /// What the device itself would have made of these tokens.
    init(_ sampled: [Int], timestampBegin: Int) {
        self.init()
        token = Int32(sampled.last ?? 0)
        count = Int32(sampled.count)
        follows_text = sampled.count > 1 && sampled[sampled.count - 2] < timestampBegin ? 1 : 0
        last_timestamp = Int32(sampled.last { $0 >= timestampBegin } ?? 0)
    }
}
