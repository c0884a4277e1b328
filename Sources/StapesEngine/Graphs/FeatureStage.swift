import StapesDevice
import StapesModel

/// Where an encoder step begins: the log-mel of its windows, as it was given, or made here of the windows' samples.
///
/// A window's samples, and what is said of them, lie at fixed addresses as slots do, so that the same captured step
/// serves windows of either kind.
final class FeatureStage {
    private let stream: Stream
    private let bins: Int
    /// Of each window its frames, `[frames, bins]`, and what `AudioEncoder` wants between it and the next.
    private let features: Buffer
    private let stride: Int
    /// Nil where log-mel is always given.
    private let samples: Samples?

    /// - Parameters:
    ///   - windows: of a step at most.
    ///   - makesLogMel: whether windows may come as samples, which the stream's device has to make log-mel of.
    /// - Throws: `outOfMemory`.
    init(
        _ model: ModelConfiguration, windows: Int, makesLogMel: Bool, slots: SlotRegistry, on stream: Stream
    ) throws(DeviceError) {
        self.stream = stream
        bins = model.melBins
        let frames = 2 * model.audioContext
        stride = AudioEncoder.featureStride(model)
        features = try Buffer(of: Float.self, count: windows * stride, on: stream)
        samples =
            makesLogMel
            ? try Samples(frames: frames, bins: bins, windows: windows, slots: slots, on: stream) : nil
    }

    /// Of the step that was launched last.
    var pointer: UnsafePointer<Float> { UnsafePointer(features.start()) }

    /// Brings a window of a step to the device.
    ///
    /// - Parameter frames: of every window of the step.
    func load(_ window: WindowFeatures, at index: Int, frames: Int) {
        switch window {
        case .logMel(let values):
            let target: UnsafeMutablePointer<Float> = features.start()
            stream.write(values, count: min(values.count, frames * bins), to: target + index * stride)
            samples?.leave(index)
        case .samples(let window):
            guard let samples else { preconditionFailure("what the device cannot make log-mel of was refused before") }
            samples.load(window, at: index, on: stream)
        }
    }

    /// Makes the log-mel of those windows that came as samples.
    func launch(windows: Int, frames: Int) {
        samples?.launch(windows: windows, frames: frames, into: features.start(), stride: stride, on: stream)
    }

    /// Windows that come as samples.
    private final class Samples {
        private let tables: LogMelTables
        /// `[windows, stride]`
        private let memory: Buffer
        private let stride: Int
        /// The number of samples, lead, content, and the bits of the loudest value; no content where features are given.
        private let entries: StaticSlot

        init(frames: Int, bins: Int, windows: Int, slots: SlotRegistry, on stream: Stream) throws(DeviceError) {
            tables = try LogMelTables(filters: MelFilterBank(bins: bins).weights, bins: bins, on: stream)
            stride = LogMelTables.sampleCount(frames: frames)
            memory = try Buffer(of: Float.self, count: windows * stride, on: stream)
            entries = try StaticSlot(
                "window samples", domain: .row, count: windows, width: 4, capture: .value(-1), padding: .value(-1),
                in: slots)
        }

        func leave(_ index: Int) { for column in 0..<4 { entries[index, column] = -1 } }

        func load(_ window: WindowSamples, at index: Int, on stream: Stream) {
            let target: UnsafeMutablePointer<Float> = memory.start()
            window.samples.withUnsafeBufferPointer { samples in
                guard let first = samples.baseAddress, !samples.isEmpty else { return }
                stream.write(first, count: samples.count, to: target + index * stride)
            }
            entries[index, 0] = Int32(window.samples.count)
            entries[index, 1] = Int32(window.lead)
            entries[index, 2] = Int32(window.content)
            entries[index, 3] = Int32(bitPattern: window.loudest.bitPattern)
        }

        func launch(
            windows: Int, frames: Int, into features: UnsafeMutablePointer<Float>, stride featureStride: Int,
            on stream: Stream
        ) {
            stream.logMel(
                UnsafePointer(memory.start()), sampleStride: stride, windows: entries.pointer, count: windows,
                frames: frames, tables: tables, into: features, featureStride: featureStride)
        }
    }
}

extension WindowSamples {
    /// - Parameter frames: of the window.
    /// - Throws: `invalidRequest` for what reaches past the window or its samples.
    func check(frames: Int) throws(EngineError) {
        guard (0...frames).contains(content), loudest.isFinite, loudest >= -10,
            (0...LogMelTables.sampleCount(frames: 1) / 2).contains(lead),
            samples.count <= LogMelTables.sampleCount(frames: frames) - lead
        else {
            throw EngineError(
                .invalidRequest,
                "\(samples.count) samples after \(lead), \(content) frames of content and a loudest value of \(loudest) in a window of \(frames) frames"
            )
        }
    }
}
