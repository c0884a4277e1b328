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
    private let choices: Buffer
    /// The last steps' choices on the host, one behind the other.
    private let host: Buffer
    /// Where each of them is reached.
    private let marks: [StreamMark]
    private let layout: ChoiceLayout
    private var steps = 0
    /// Steps whose choices are on the host.
    private var settledSteps = 0

    /// - Parameter rows: the most rows of a step.
    init(
        rows: Int, vocabulary: Int, timestampBegin: Int, seats: SequenceSeats, registry: SlotRegistry,
        on stream: Stream
    ) throws(DeviceError) {
        self.vocabulary = vocabulary
        self.timestampBegin = timestampBegin
        self.rows = rows
        self.seats = seats
        // Seat 0 has no rules, no temperature and nobody to choose for.
        seatSlot = try StaticSlot(
            "seat", domain: .row, count: rows, capture: .value(0), padding: .value(0), in: registry)
        layout = ChoiceLayout(rows: rows)
        choices = try Buffer(byteCount: layout.byteCount, on: stream)
        host = try Buffer(hostByteCount: Self.depth * layout.byteCount, for: stream)
        var marks: [StreamMark] = []
        for _ in 0..<Self.depth { marks.append(try StreamMark(for: stream)) }
        self.marks = marks
    }

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
                tokens: layout.tokens(choices.pointer), log_probabilities: layout.logProbabilities(choices.pointer),
                candidates: layout.candidates(choices.pointer),
                candidate_log_probabilities: layout.candidateLogProbabilities(choices.pointer),
                rows: Int64(logits.rows), vocabulary: Int64(vocabulary), logits_stride: Int64(logits.rowStride),
                suppressed_stride: Int64(seats.words), history_stride: Int64(seats.historyLength),
                timestamp_begin: Int32(timestampBegin)))
    }

    /// Begins to copy the choices of the step just launched to the host: the one read of a steady decode step.
    ///
    /// - Parameter candidates: whether some row's seat asked for candidates.
    /// - Returns: the number by which `choice` finds them, until `depth` more steps have been launched.
    func fetch(candidates: Bool, on stream: Stream) -> Int {
        let place = steps % Self.depth
        stream.fetch(
            choices.pointer, byteCount: candidates ? layout.byteCount : layout.choiceBytes,
            into: host.pointer + place * layout.byteCount)
        stream.set(marks[place])
        defer { steps += 1 }
        return steps
    }

    /// Waits until the choices of a step are on the host.
    func settle(_ step: Int) {
        guard step >= settledSteps else { return }
        marks[step % Self.depth].wait()
        settledSteps = step + 1
    }

    func choice(row: Int, of step: Int) -> Choice {
        let place = place(of: step)
        return Choice(token: Int(layout.tokens(place)[row]), logProbability: layout.logProbabilities(place)[row])
    }

    /// The likeliest first; none of no finite logit.
    func candidates(row: Int, of step: Int) -> [BeamSearch.Candidate] {
        let place = place(of: step)
        let first = row * ChoiceLayout.candidateCount
        return (first..<first + ChoiceLayout.candidateCount)
            .map {
                BeamSearch.Candidate(
                    token: Int(layout.candidates(place)[$0]),
                    logProbability: layout.candidateLogProbabilities(place)[$0])
            }
            .filter { $0.token >= 0 }
    }

    private func place(of step: Int) -> UnsafeMutableRawPointer {
        precondition(step < steps && steps - step <= Self.depth, "the choices of a step that has been overwritten")
        settle(step)
        return host.pointer + step % Self.depth * layout.byteCount
    }
}

/// How the choices of a step lie in memory, on the device and on the host alike: a token and a log-probability a row,
/// side by side so that one copy brings both, and behind them the candidates, `[rows, candidates]`.
private struct ChoiceLayout {
    /// Candidates that the kernel has room for in a row.
    static let candidateCount = Int(STAPES_CANDIDATES)
    let rows: Int

    var choiceBytes: Int { 8 * rows }
    var byteCount: Int { choiceBytes * (1 + Self.candidateCount) }

    func tokens(_ memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Int32> {
        memory.assumingMemoryBound(to: Int32.self)
    }

    func logProbabilities(_ memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
        (memory + 4 * rows).assumingMemoryBound(to: Float.self)
    }

    func candidates(_ memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Int32> {
        (memory + choiceBytes).assumingMemoryBound(to: Int32.self)
    }

    func candidateLogProbabilities(_ memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
        (memory + choiceBytes + 4 * rows * Self.candidateCount).assumingMemoryBound(to: Float.self)
    }
}
