import StapesDevice
import StapesModel
import StapesTokenizer

/// Measures decode steps, eager and by graph in one run.
///
/// Every step is run both ways, the order alternating: both read the same cache and write the same keys and values to
/// the same place, so neither notices the other. Cross keys and values are random numbers, and sequences go on from
/// their own choices; what is measured does not depend on what is said.
package final class DecodeBench {
    /// Runs a body and says how many heap allocations there were meanwhile; nil if that cannot be counted.
    package typealias AllocationCounter = (() -> Void) -> Int?

    private let runner: ModelRunner
    private let special: SpecialTokens
    private let limits: SchedulerLimits
    /// Where each row sits.
    private let seats: [Int32]
    private let countAllocations: AllocationCounter

    package init(
        _ configuration: EngineConfiguration, checkpoint: Checkpoint,
        countAllocations: @escaping AllocationCounter = { _ in nil }
    ) throws {
        limits = SchedulerLimits(configuration, model: checkpoint.configuration)
        let runner = try ModelRunner(configuration, checkpoint: checkpoint, limits: limits)
        self.runner = runner
        self.countAllocations = countAllocations
        special = configuration.special
        seats = (0..<limits.rows).map { _ in runner.seats.reserveNeutral() }
        fillCrossArena()
    }

    package var decision: GraphDecision { runner.decision }
    package var model: ModelConfiguration { runner.configuration }

    /// Steps that are run before any is measured.
    private static let warmUp = 3
    /// Replayed steps whose allocations are counted.
    private static let countedSteps = 8

    /// - Parameters:
    ///   - batch: rows of a step, at most the engine's maximum.
    ///   - steps: measured steps, after a few that are not.
    package func run(batch count: Int, steps: Int) throws(DeviceError) -> DecodeTimings {
        precondition(count > 0 && count <= limits.rows, "a batch the engine was not made for")
        let rebuilds = runner.decode.indices.rebuilds
        var batch = DecodeBatch(
            rows: (0..<count).map(row), seats: Array(seats[..<count]), epoch: count)
        var tokens = (0..<count).map { ($0 * 131 + 11) % special.endOfText }
        var (eager, graph): ([Double], [Double]) = ([], [])
        var identical = true
        for step in 0..<min(steps + Self.warmUp, limits.textContext - 1 - Self.countedSteps) {
            for row in 0..<count { batch.attention.rows[row].context = step }
            var choices: [[Choice]] = []
            let routes = runner.decision.enabled ? (step % 2 == 0 ? [true, false] : [false, true]) : [true]
            for eagerly in routes {
                let seconds = try time(batch, tokens: tokens, eagerly: eagerly, choices: &choices)
                guard step >= Self.warmUp else { continue }
                if eagerly { eager.append(seconds) } else { graph.append(seconds) }
            }
            if let first = choices.first, let last = choices.last { identical = identical && first == last }
            tokens = choices.last?.map { max(0, $0.token) } ?? tokens
        }
        let allocations = runner.decision.enabled ? allocationsPerStep(&batch) : nil
        return DecodeTimings(
            batch: count, eager: StepTimes(eager), graph: graph.isEmpty ? nil : StepTimes(graph),
            identicalTokens: identical, kernelsPerStep: runner.decode.graphs.kernels.first?.count,
            planRebuilds: runner.decode.indices.rebuilds - rebuilds, allocationsPerReplay: allocations)
    }

    /// Seconds of one step from the host's lengths to the host's tokens.
    private func time(
        _ batch: DecodeBatch, tokens: [Int], eagerly: Bool, choices: inout [[Choice]]
    ) throws(DeviceError) -> Double {
        // Both ways begin with the same tokens.
        for (row, token) in tokens.enumerated() { runner.seats.force(token, at: seats[row]) }
        let clock = ContinuousClock()
        let start = clock.now
        let launched = try runner.decode.run(batch, eagerly: eagerly)
        try runner.decode.settle(launched)
        let seconds = (clock.now - start) / .seconds(1)
        choices.append(tokens.indices.map { runner.decode.choice(row: $0, of: launched) })
        return seconds
    }

    /// Goes on from where the measured steps ended, each step fed with what the last one chose.
    private func allocationsPerStep(_ batch: inout DecodeBatch) -> Double? {
        var steps = 0
        let count = countAllocations {
            for _ in 0..<Self.countedSteps {
                for row in batch.attention.rows.indices { batch.attention.rows[row].context += 1 }
                guard let launched = try? runner.decode.run(batch), case .graph = launched.route else { return }
                guard (try? runner.decode.settle(launched)) != nil else { return }
                steps += 1
            }
        }
        guard let count, steps == Self.countedSteps else { return nil }
        return Double(count) / Double(steps)
    }

    private func row(_ index: Int) -> AttentionRow {
        let pages = (limits.textContext + KVLayout.tilePositions - 1) / KVLayout.tilePositions
        let first = Int32(1 + index * pages)
        return AttentionRow(
            tokens: 1, context: 0, pages: Array(first..<first + Int32(pages)), block: Int32(index + 1),
            encoderLength: limits.audioContext)
    }

    /// Small numbers around zero in the arena's type, the same in every block, so that none is all zeros.
    private func fillCrossArena() {
        let arena = runner.pool.crossArena
        let type = arena.layout.type
        var state: UInt32 = 0x9e37_79b9
        var page: [UInt8] = []
        page.reserveCapacity(arena.layout.bytesPerPage)
        while page.count < arena.layout.bytesPerPage {
            state = state &* 1_664_525 &+ 1_013_904_223
            let value = (Float(state >> 8) * 0x1p-24 - 0.5) * 0.2
            switch type {
            case .float32: withUnsafeBytes(of: value) { page += $0 }
            case .bfloat16: withUnsafeBytes(of: UInt16(value.bitPattern >> 16)) { page += $0 }
            case .float16: withUnsafeBytes(of: Float16(value)) { page += $0 }
            case .float8: page.append(referenceFloat8(of: value))
            }
        }
        for index in 0..<arena.pageCount { arena.write(page, page: index) }
    }
}
