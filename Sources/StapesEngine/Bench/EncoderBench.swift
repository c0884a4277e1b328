import StapesDevice
import StapesModel

/// How long the encoding of some full windows takes, launched call by call and replayed as a graph. Features are made up.
package final class EncoderBench {
    /// What one number of windows gave.
    package struct Timings: Sendable, Hashable {
        package let windows: Int
        /// Of all the windows together.
        package let eager: StepTimes
        /// Nil where graphs are not used.
        package let graph: StepTimes?
        /// Kernel calls in the graph.
        package let kernelsPerStep: Int?
    }

    private let runner: ModelRunner
    private let features: [[Float]]

    /// - Parameter configuration: has rows and a number of windows for all that will be asked for.
    package init(_ configuration: EngineConfiguration, checkpoint: Checkpoint) throws {
        let model = checkpoint.configuration
        let limits = SchedulerLimits(configuration, model: model)
        runner = try ModelRunner(configuration, checkpoint: checkpoint, limits: limits)
        features = (0..<limits.encodingWindows).map { EncoderPlane.madeUpFeatures($0, model: model) }
    }

    /// Encodes as many windows at once again and again, both ways in turn.
    package func run(windows count: Int, steps: Int) throws(DeviceError) -> Timings {
        let windows = features.prefix(count).enumerated().map { index, values in
            EncoderPlane.Window(features: values, block: Int32(index + 1))
        }
        let positions = runner.configuration.audioContext
        let index = runner.encode.graphs.sizes.firstIndex { $0.rows == count }
        let clock = ContinuousClock()
        var seconds: [Bool: [Double]] = [:]
        // The first step, which makes primitives and touches memory, is not counted.
        for step in 0...steps {
            for eagerly in index == nil ? [true] : [true, false] {
                let start = clock.now
                _ = try runner.encode.runToEnd(windows, positions: positions, eagerly: eagerly)
                if step > 0 { seconds[eagerly, default: []].append((clock.now - start) / .seconds(1)) }
            }
        }
        return Timings(
            windows: count, eager: StepTimes(seconds[true] ?? []), graph: seconds[false].map(StepTimes.init),
            kernelsPerStep: index.map { runner.encode.graphs.kernels[$0].count })
    }
}

extension EncoderPlane {
    /// Numbers in the range of log-mel, others for each window.
    static func madeUpFeatures(_ window: Int, model: ModelConfiguration) -> [Float] {
        (0..<2 * model.audioContext * model.melBins).map { Float((($0 + window) &* 7919) % 1000) * 0.002 - 1 }
    }
}
