import CKernels
import StapesDecoding
import StapesDevice

/// A token that was chosen for a row.
package struct Choice: Sendable, Hashable {
    /// -1 where the row held no finite logit.
    package let token: Int
    /// Of the token among those that the rules left, whatever the temperature.
    package let logProbability: Float
}

/// Chooses tokens on the device by the rules of each row's seat: one kernel for all rows.
///
/// One sampler belongs to one kind of step; whose seat a row is at is a static slot of that kind. Choices are copied to
/// the host in the order of steps, two steps deep, so that the next step can be launched before the last is read.
final class Sampler {
    /// Steps whose choices the host can still look at.
    static let depth = 2

    private let vocabulary: Int
    private let timestampBegin: Int
    private let rows: Int
    private let seats: SequenceSeats
    private let seatSlot: StaticSlot
    private let tokens: Buffer
    private let logProbabilities: Buffer
    /// `[rows, candidates]`
    private let candidateTokens: Buffer
    private let candidateLogProbabilities: Buffer
    private let host: HostChoices
    private var steps = 0

    /// - Parameter rows: the most rows of a step.
    init(
        rows: Int, vocabulary: Int, timestampBegin: Int, seats: SequenceSeats, registry: SlotRegistry
    ) throws(DeviceError) {
        self.vocabulary = vocabulary
        self.timestampBegin = timestampBegin
        self.rows = rows
        self.seats = seats
        // Seat 0 has no rules, no temperature and nobody to choose for.
        seatSlot = try StaticSlot(
            "seat", domain: .row, count: rows, capture: .value(0), padding: .value(0), in: registry)
        tokens = try Buffer(of: Int32.self, count: rows)
        logProbabilities = try Buffer(of: Float.self, count: rows)
        candidateTokens = try Buffer(of: Int32.self, count: rows * Self.candidateCount)
        candidateLogProbabilities = try Buffer(of: Float.self, count: rows * Self.candidateCount)
        host = try HostChoices(rows: rows, steps: Self.depth, candidates: Self.candidateCount)
    }

    /// Candidates that the kernel has room for in a row.
    private static let candidateCount = Int(STAPES_CANDIDATES)

    func seat(_ seat: Int32, at row: Int) { seatSlot[row] = seat }

    /// Launches the copy of each row's last token to `tokens` [rows]: a decode step begins with it.
    func launchFeed(into tokens: UnsafeMutablePointer<Int32>, rows: Int, on stream: Stream) {
        stream.launch(
            stream.kernels.feed,
            stapes_feed_arguments(
                seats: seatSlot.pointer, states: UnsafePointer(seats.states), tokens: tokens, rows: Int64(rows)))
    }

    /// Launches the choice of a token of each row of `logits` [rows, vocabulary], which is overwritten.
    func launchChoice(_ logits: MatrixView, on stream: Stream) {
        stream.launch(
            stream.kernels.select,
            stapes_select_arguments(
                logits: logits.float32, seats: seatSlot.pointer, rules: UnsafePointer(seats.rules),
                states: seats.states, history: seats.history, suppressed: UnsafePointer(seats.suppressed),
                tokens: tokens.pointer.assumingMemoryBound(to: Int32.self),
                log_probabilities: logProbabilities.pointer.assumingMemoryBound(to: Float.self),
                candidates: candidateTokens.pointer.assumingMemoryBound(to: Int32.self),
                candidate_log_probabilities: candidateLogProbabilities.pointer.assumingMemoryBound(to: Float.self),
                rows: Int64(logits.rows), vocabulary: Int64(vocabulary), logits_stride: Int64(logits.rowStride),
                suppressed_stride: Int64(seats.words), history_stride: Int64(seats.historyLength),
                timestamp_begin: Int32(timestampBegin)))
    }

    /// Copies the choices of the step just launched to the host: the one read of a steady decode step.
    ///
    /// - Parameter candidates: whether some row's seat asked for candidates.
    /// - Returns: the number by which `choice` finds them, until `depth` more steps have been read.
    func read(rows: Int, candidates: Bool, on stream: Stream) -> Int {
        let first = steps % Self.depth * self.rows
        func read<T: BitwiseCopyable>(_ source: borrowing Buffer, _ width: Int, _ target: UnsafeMutablePointer<T>) {
            stream.read(
                UnsafePointer(source.pointer.assumingMemoryBound(to: T.self)), count: rows * width,
                into: target + first * width)
        }
        read(tokens, 1, host.tokens)
        read(logProbabilities, 1, host.logProbabilities)
        if candidates {
            read(candidateTokens, Self.candidateCount, host.candidateTokens)
            read(candidateLogProbabilities, Self.candidateCount, host.candidateLogProbabilities)
        }
        defer { steps += 1 }
        return steps
    }

    func choice(row: Int, of step: Int) -> Choice {
        let at = place(row: row, of: step)
        return Choice(token: Int(host.tokens[at]), logProbability: host.logProbabilities[at])
    }

    /// The likeliest first; none of no finite logit.
    func candidates(row: Int, of step: Int) -> [BeamSearch.Candidate] {
        let first = place(row: row, of: step) * Self.candidateCount
        return (first..<first + Self.candidateCount)
            .map {
                BeamSearch.Candidate(
                    token: Int(host.candidateTokens[$0]), logProbability: host.candidateLogProbabilities[$0])
            }
            .filter { $0.token >= 0 }
    }

    private func place(row: Int, of step: Int) -> Int {
        precondition(step < steps && steps - step <= Self.depth, "the choices of a step that has been overwritten")
        return step % Self.depth * rows + row
    }
}

/// Where choices lie on the host, a few steps deep.
private final class HostChoices {
    private let memory: Buffer
    let tokens: UnsafeMutablePointer<Int32>
    let logProbabilities: UnsafeMutablePointer<Float>
    let candidateTokens: UnsafeMutablePointer<Int32>
    let candidateLogProbabilities: UnsafeMutablePointer<Float>

    init(rows: Int, steps: Int, candidates: Int) throws(DeviceError) {
        let count = rows * steps
        memory = try Buffer(byteCount: 8 * count * (1 + candidates))
        tokens = memory.pointer.assumingMemoryBound(to: Int32.self)
        logProbabilities = (memory.pointer + 4 * count).assumingMemoryBound(to: Float.self)
        candidateTokens = (memory.pointer + 8 * count).assumingMemoryBound(to: Int32.self)
        candidateLogProbabilities = (memory.pointer + 4 * count * (2 + candidates)).assumingMemoryBound(to: Float.self)
    }
}
