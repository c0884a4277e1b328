import CKernels
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
    private let hostTokens: UnsafeMutablePointer<Int32>
    private let hostLogProbabilities: UnsafeMutablePointer<Float>
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
        hostTokens = .allocate(capacity: Self.depth * rows)
        hostLogProbabilities = .allocate(capacity: Self.depth * rows)
        hostTokens.initialize(repeating: 0, count: Self.depth * rows)
        hostLogProbabilities.initialize(repeating: 0, count: Self.depth * rows)
    }

    deinit {
        hostTokens.deallocate()
        hostLogProbabilities.deallocate()
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
                states: seats.states, suppressed: UnsafePointer(seats.suppressed),
                tokens: tokens.pointer.assumingMemoryBound(to: Int32.self),
                log_probabilities: logProbabilities.pointer.assumingMemoryBound(to: Float.self),
                rows: Int64(logits.rows), vocabulary: Int64(vocabulary), logits_stride: Int64(logits.rowStride),
                suppressed_stride: Int64(seats.words), timestamp_begin: Int32(timestampBegin)))
    }

    /// Copies the choices of the step just launched to the host: the one read of a steady decode step.
    ///
    /// - Returns: the number by which `choice` finds them, until `depth` more steps have been read.
    func read(rows: Int, on stream: Stream) -> Int {
        let offset = steps % Self.depth * self.rows
        stream.read(
            UnsafePointer(tokens.pointer.assumingMemoryBound(to: Int32.self)), count: rows, into: hostTokens + offset)
        stream.read(
            UnsafePointer(logProbabilities.pointer.assumingMemoryBound(to: Float.self)), count: rows,
            into: hostLogProbabilities + offset)
        defer { steps += 1 }
        return steps
    }

    func choice(row: Int, of step: Int) -> Choice {
        precondition(step < steps && steps - step <= Self.depth, "the choices of a step that has been overwritten")
        let at = step % Self.depth * rows + row
        return Choice(token: Int(hostTokens[at]), logProbability: hostLogProbabilities[at])
    }
}
