import StapesDevice
import StapesModel

/// Where the time of a step goes: the encoding of some windows and a decode step of one row, call by call.
package final class StepProfile {
    /// All calls of one kernel, and of one shape for products, in one step.
    package struct Operation: Sendable, Hashable {
        package let name: String
        package let calls: Int
        /// Of all the calls together.
        package let times: StepTimes
    }

    private let runner: ModelRunner
    private let limits: SchedulerLimits
    private let seat: Int32

    package init(_ configuration: EngineConfiguration, checkpoint: Checkpoint) throws {
        limits = SchedulerLimits(configuration, model: checkpoint.configuration)
        runner = try ModelRunner(configuration, checkpoint: checkpoint, limits: limits)
        seat = runner.seats.reserveNeutral()
    }

    /// Full windows of made-up features, as many at once as the configuration has them at most.
    package func encode(windows count: Int = 1, repetitions: Int) throws(DeviceError) -> [Operation] {
        let model = runner.configuration
        let windows = (0..<count).map {
            EncoderPlane.Window(
                features: EncoderPlane.madeUpFeatures($0, model: model), block: Int32($0 + 1))
        }
        return try profile(repetitions) { (_) throws(DeviceError) in
            _ = try runner.encode.runToEnd(windows, positions: model.audioContext, eagerly: true)
        }
    }

    /// Steps of one row, each after the other.
    package func decode(repetitions: Int) throws(DeviceError) -> [Operation] {
        let pages = (limits.textContext + KVLayout.tilePositions - 1) / KVLayout.tilePositions
        let row = AttentionRow(
            tokens: 1, context: 0, pages: Array(1..<1 + Int32(pages)), block: 1, encoderLength: limits.audioContext)
        var batch = DecodeBatch(rows: [row], seats: [seat], epoch: 1)
        runner.seats.force(11, at: seat)
        return try profile(min(repetitions, limits.textContext - 2)) { (step) throws(DeviceError) in
            batch.attention.rows[0].context = step
            _ = try runner.decode.run(batch, eagerly: true)
        }
    }

    private func profile(
        _ repetitions: Int, _ step: (Int) throws(DeviceError) -> Void
    ) throws(DeviceError) -> [Operation] {
        let trace = CallTrace(timed: true)
        var order: [String] = []
        var calls: [String: Int] = [:]
        var seconds: [String: [Double]] = [:]
        // The first step, which makes primitives and touches memory, is not counted.
        for repetition in 0...repetitions {
            let streams = [runner.stream, runner.encode.stream]
            for stream in streams { stream.trace = repetition == 0 ? nil : trace }
            defer { for stream in streams { stream.trace = nil } }
            trace.clear()
            try step(repetition)
            var sums: [String: Double] = [:]
            for timing in trace.timings {
                let name =
                    runner.stream.kernels.name(of: timing.kernel) + (timing.label.map { " " + $0 } ?? "")
                if calls[name] == nil { order.append(name) }
                if repetition == 1 { calls[name, default: 0] += 1 }
                sums[name, default: 0] += timing.seconds
            }
            for (name, sum) in sums { seconds[name, default: []].append(sum) }
        }
        return order.map { Operation(name: $0, calls: calls[$0] ?? 0, times: StepTimes(seconds[$0] ?? [])) }
    }
}
