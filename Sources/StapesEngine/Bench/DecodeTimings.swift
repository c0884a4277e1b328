import StapesDecoding
import StapesDevice
import StapesModel
import StapesTokenizer

/// Times of one decode step by one route, in microseconds.
package struct StepTimes: Sendable, Hashable {
    package let medianMicroseconds: Double
    package let p95Microseconds: Double
    package let minimumMicroseconds: Double

    init(_ seconds: [Double]) {
        let sorted = seconds.sorted()
        func quantile(_ share: Double) -> Double {
            guard !sorted.isEmpty else { return 0 }
            return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] * 1e6
        }
        medianMicroseconds = quantile(0.5)
        p95Microseconds = quantile(0.95)
        minimumMicroseconds = quantile(0)
    }
}

/// What one batch size gave.
package struct DecodeTimings: Sendable, Hashable {
    package let batch: Int
    package let eager: StepTimes
    /// Nil where graphs are not used.
    package let graph: StepTimes?
    /// Whether both routes chose the same token for every row in every step.
    package let identicalTokens: Bool
    /// Kernel calls in the graph.
    package let kernelsPerStep: Int?
    /// How often the cross plan was made in all steps of this batch.
    package let crossPlans: Int
}

/// Measures decode steps, eager and by graph in one run.
///
/// Every step is run both ways, the order alternating: both read the same cache and write the same keys and values to
/// the same place, so neither notices the other. Cross keys and values are random numbers, and sequences go on from
/// their own choices; what is measured does not depend on what is said.
package final class DecodeBench {
    private let runner: ModelRunner
    private let special: SpecialTokens
    private let limits: SchedulerLimits

    package init(_ configuration: EngineConfiguration, checkpoint: Checkpoint) throws {
        limits = SchedulerLimits(configuration, model: checkpoint.configuration)
        runner = try ModelRunner(configuration, checkpoint: checkpoint, limits: limits)
        special = configuration.special
        fillCrossArena()
    }

    package var decision: GraphDecision { runner.decision }
    package var model: ModelConfiguration { runner.configuration }

    /// - Parameters:
    ///   - batch: rows of a step, at most the engine's maximum.
    ///   - steps: measured steps, after a few that are not.
    package func run(batch: Int, steps: Int) throws(DeviceError) -> DecodeTimings {
        precondition(batch > 0 && batch <= limits.rows, "a batch the engine was not made for")
        let clock = ContinuousClock()
        let warmUp = 3
        let plansBefore = runner.decode.indices.crossPlans
        var tokens = (0..<batch).map { ($0 * 131 + 11) % special.endOfText }
        var (eager, graph): ([Double], [Double]) = ([], [])
        var identical = true
        for step in 0..<min(steps + warmUp, limits.textContext - 1) {
            let entries = (0..<batch).map { entry(row: $0, token: tokens[$0], context: step) }
            var choices: [[Choice]] = []
            let routes = runner.decision.enabled ? (step % 2 == 0 ? [true, false] : [false, true]) : [true]
            for eagerly in routes {
                let start = clock.now
                _ = try runner.decode.run(entries, epoch: batch, eagerly: eagerly)
                choices.append(runner.decode.fetch(rows: batch))
                let seconds = (clock.now - start) / .seconds(1)
                guard step >= warmUp else { continue }
                if eagerly { eager.append(seconds) } else { graph.append(seconds) }
            }
            if let first = choices.first, let last = choices.last { identical = identical && first == last }
            tokens = choices.last?.map { max(0, $0.token) } ?? tokens
        }
        return DecodeTimings(
            batch: batch, eager: StepTimes(eager), graph: graph.isEmpty ? nil : StepTimes(graph),
            identicalTokens: identical, kernelsPerStep: runner.decode.graphs.kernels.first?.count,
            crossPlans: runner.decode.indices.crossPlans - plansBefore)
    }

    private func entry(row: Int, token: Int, context: Int) -> DecoderPlane.Entry {
        let pages = (limits.textContext + KVLayout.tilePositions - 1) / KVLayout.tilePositions
        let first = Int32(1 + row * pages)
        return DecoderPlane.Entry(
            row: AttentionRow(
                tokens: 1, context: context, pages: Array(first..<first + Int32(pages)), block: Int32(row + 1),
                encoderLength: limits.audioContext),
            tokens: [token], logitTokens: [0], rules: .neutral)
    }

    /// Small numbers around zero in the arena's type, so that no block is all zeros.
    private func fillCrossArena() {
        let bytes = runner.pool.crossArena.contents
        var state: UInt32 = 0x9e37_79b9
        func next() -> Float {
            state = state &* 1_664_525 &+ 1_013_904_223
            return (Float(state >> 8) * 0x1p-24 - 0.5) * 0.2
        }
        switch runner.pool.crossArena.layout.type {
        case .float32:
            for value in bytes.bindMemory(to: Float.self).indices {
                bytes.storeBytes(of: next(), toByteOffset: value * 4, as: Float.self)
            }
        case .bfloat16, .float16:
            for value in bytes.bindMemory(to: UInt16.self).indices {
                bytes.storeBytes(of: UInt16(next().bitPattern >> 16), toByteOffset: value * 2, as: UInt16.self)
            }
        }
    }
}
