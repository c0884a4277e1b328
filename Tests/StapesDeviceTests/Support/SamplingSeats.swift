import CKernels
import StapesDevice

/// Seats, and rows of logits that choose at them: what `select` and `feed` see.
final class SamplingSeats {
    struct Choice: Equatable {
        let token: Int
        let logProbability: Float

        static let none = Choice(token: -1, logProbability: -.infinity)
    }

    let vocabulary: Int
    let timestampBegin: Int
    /// Seats, the reserved one included.
    let count: Int
    private let words: Int
    private let rules: UnsafeMutablePointer<stapes_sampling_rules>
    private let states: UnsafeMutablePointer<stapes_sampling_state>
    private let suppressed: UnsafeMutablePointer<UInt64>
    /// `[count, historyLength]`
    private let history: Integers
    private let historyLength = 512

    init(count: Int, vocabulary: Int, timestampBegin: Int) {
        self.count = count
        self.vocabulary = vocabulary
        self.timestampBegin = timestampBegin
        words = (vocabulary + 63) / 64
        history = Integers([Int32](repeating: 0, count: count * historyLength))
        rules = .allocate(capacity: count)
        states = .allocate(capacity: count)
        suppressed = .allocate(capacity: count * words)
        rules.initialize(repeating: stapes_sampling_rules(), count: count)
        states.initialize(repeating: stapes_sampling_state(), count: count)
        suppressed.initialize(repeating: 0, count: count * words)
    }

    deinit {
        rules.deallocate()
        states.deallocate()
        suppressed.deallocate()
    }

    /// Seats a sequence. Without rules it asks for the likeliest id.
    func sit(
        at seat: Int, _ rules: stapes_sampling_rules = .init(), suppressed ids: [Int] = [],
        state: stapes_sampling_state = .init(), history sampled: [Int] = []
    ) {
        for (index, id) in sampled.enumerated() { history.pointer[seat * historyLength + index] = Int32(id) }
        self.rules[seat] = rules
        states[seat] = state
        (suppressed + seat * words).update(repeating: 0, count: words)
        for id in ids where id >= 0 && id < vocabulary { suppressed[seat * words + id / 64] |= 1 << UInt64(id % 64) }
    }

    subscript(seat: Int) -> stapes_sampling_state {
        get { states[seat] }
        set { states[seat] = newValue }
    }

    /// One step: a token for each row of logits, and what the kernel left of the logits. Rows lie further apart than
    /// they are long; what is between must not be looked at, and nothing may be written there.
    func choose(
        at seats: [Int], _ logits: [[Float]], on stream: StapesDevice.Stream
    ) -> (choices: [Choice], logits: [[Float]]) {
        let (rows, stride, gap) = (logits.count, vocabulary + 9, Float(1e30))
        let cells = Cells([Float](repeating: gap, count: rows * stride))
        for (row, values) in logits.enumerated() {
            values.withUnsafeBufferPointer {
                (cells.floats + row * stride).update(from: $0.baseAddress!, count: vocabulary)
            }
        }
        let seatNumbers = Integers(seats.map(Int32.init))
        let tokens = Integers([Int32](repeating: -7, count: rows))
        let chosen = Cells(rows)
        launch(at: seatNumbers, cells, stride: stride, tokens: tokens, logProbabilities: chosen, on: stream)
        return withExtendedLifetime((cells, seatNumbers, tokens, chosen)) {
            let left = (0..<rows).map { row in
                precondition((vocabulary..<stride).allSatisfy { cells.floats[row * stride + $0] == gap })
                return Array(UnsafeBufferPointer(start: cells.floats + row * stride, count: vocabulary))
            }
            return ((0..<rows).map { Choice(token: Int(tokens.pointer[$0]), logProbability: chosen[$0]) }, left)
        }
    }

    /// Launches the choice for rows of logits that are `stride` apart.
    func launch(
        at seats: Integers, _ logits: Cells, stride: Int, tokens: Integers, logProbabilities: Cells,
        candidates: Candidates? = nil, on stream: StapesDevice.Stream
    ) {
        let candidates = candidates ?? Candidates(rows: seats.count)
        stream.launch(
            stream.kernels.select,
            stapes_select_arguments(
                logits: logits.floats, seats: seats.pointer, rules: rules, states: states,
                history: history.pointer, suppressed: suppressed, tokens: tokens.pointer,
                log_probabilities: logProbabilities.floats, candidates: candidates.tokens.pointer,
                candidate_log_probabilities: candidates.logProbabilities.floats, rows: Int64(seats.count),
                vocabulary: Int64(vocabulary), logits_stride: Int64(stride), suppressed_stride: Int64(words),
                history_stride: Int64(historyLength), timestamp_begin: Int32(timestampBegin)))
        withExtendedLifetime(candidates) {}
    }

    /// What seats that ask for candidates are given.
    final class Candidates {
        let tokens: Integers
        let logProbabilities: Cells

        init(rows: Int) {
            tokens = Integers([Int32](repeating: -7, count: rows * Int(STAPES_CANDIDATES)))
            logProbabilities = Cells(rows * Int(STAPES_CANDIDATES))
        }

        func row(_ row: Int, count: Int) -> [Choice] {
            (row * Int(STAPES_CANDIDATES)..<row * Int(STAPES_CANDIDATES) + count).map {
                Choice(token: Int(tokens.pointer[$0]), logProbability: logProbabilities[$0])
            }
        }
    }

    /// The tokens that a step at these seats begins with.
    func feed(_ seats: [Int], on stream: StapesDevice.Stream) -> [Int] {
        let seatNumbers = Integers(seats.map(Int32.init))
        let tokens = Integers([Int32](repeating: -7, count: seats.count))
        stream.launch(
            stream.kernels.feed,
            stapes_feed_arguments(
                seats: seatNumbers.pointer, states: states, tokens: tokens.pointer, rows: Int64(seats.count)))
        return withExtendedLifetime((seatNumbers, tokens)) { (0..<seats.count).map { Int(tokens.pointer[$0]) } }
    }
}

extension stapes_sampling_state {
    /// To be compared.
    var fields: [Int32] { [token, count, follows_text, last_timestamp] }
}
