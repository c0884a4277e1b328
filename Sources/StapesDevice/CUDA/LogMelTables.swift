import CUDADriver

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a GPU needs beside samples to make log-mel of them: the window of a frame, the roots of its transform, and the
/// filters, of each the run from its first to its last weight that is not zero.
package final class LogMelTables {
    /// Samples of a frame, from one to the next, and points of its spectrum.
    private static let (size, hop, points) = (400, 160, 201)

    package let bins: Int
    private let window: Buffer
    private let roots: Buffer
    private let filters: Buffer
    private let weights: Buffer

    /// Samples that so many frames see.
    package static func sampleCount(frames: Int) -> Int { (frames - 1) * hop + size }

    /// - Parameter weights: of the filters, `[bins, 201]`.
    /// - Throws: `outOfMemory`.
    package init(filters rows: [Float], bins: Int, on stream: Stream) throws(DeviceError) {
        precondition(rows.count == bins * Self.points, "a weight for every bin and point")
        self.bins = bins
        func turn(_ index: Int, of count: Int) -> Double { 2 * Double.pi * Double(index) / Double(count) }
        let hann: [Float] = (0..<Self.size).map { Float(0.5 - 0.5 * cos(turn($0, of: Self.size))) }
        window = try Self.copy(hann, on: stream)
        let circle: [Float] = (0..<25).flatMap { [Float(cos(turn($0, of: 25))), Float(sin(turn($0, of: 25)))] }
        roots = try Self.copy(circle, on: stream)
        var runs: [stapes_cuda_mel_filter] = []
        var packed: [Float] = []
        for bin in 0..<bins {
            let row = rows[bin * Self.points..<(bin + 1) * Self.points]
            let first = row.firstIndex { $0 != 0 } ?? row.startIndex
            let end = (row.lastIndex { $0 != 0 } ?? first - 1) + 1
            runs.append(
                stapes_cuda_mel_filter(
                    first: Int32(first - row.startIndex), count: Int32(end - first), weight: Int32(packed.count)))
            packed += row[first..<end]
        }
        filters = try Self.copy(runs, on: stream)
        weights = try Self.copy(packed, on: stream)
    }

    private static func copy<T: BitwiseCopyable>(_ values: [T], on stream: Stream) throws(DeviceError) -> Buffer {
        let buffer = try Buffer(of: T.self, count: values.count, on: stream)
        stream.write(values, count: values.count, to: buffer.start(of: T.self))
        return buffer
    }

    /// A launch of so many windows.
    fileprivate func arguments(
        _ samples: UnsafePointer<Float>, sampleStride: Int, windows: UnsafePointer<Int32>, count: Int, frames: Int,
        into features: UnsafeMutablePointer<Float>, featureStride: Int
    ) -> stapes_cuda_log_mel_arguments {
        stapes_cuda_log_mel_arguments(
            samples: samples, windows: windows, window: UnsafePointer(window.start()),
            roots: UnsafePointer(roots.start()), filters: UnsafePointer(filters.start()),
            weights: UnsafePointer(weights.start()), features: features, count: Int64(count), frames: Int64(frames),
            bins: Int64(bins), sample_stride: Int64(sampleStride), feature_stride: Int64(featureStride))
    }
}

extension Stream {
    /// Whether log-mel can be made here: on a GPU. On the CPU it is made before, beside the engine.
    package var makesLogMel: Bool { kernels.cuda != nil }

    /// `features`, `[frames, bins]` of each window every `featureStride` numbers, = log-mel of `samples`
    /// [count, sampleStride].
    ///
    /// - Parameter windows: `[count, 4]`: the number of samples, how many the first frame begins before them, frames of
    ///   content, past which features are 0, and the bits of the loudest log10 of the file. A window with negative content
    ///   is left as it is.
    package func logMel(
        _ samples: UnsafePointer<Float>, sampleStride: Int, windows: UnsafePointer<Int32>, count: Int, frames: Int,
        tables: LogMelTables, into features: UnsafeMutablePointer<Float>, featureStride: Int
    ) {
        guard let kernel = kernels.cuda?.logMel else { preconditionFailure("log-mel is made on a GPU") }
        launch(
            kernel,
            tables.arguments(
                samples, sampleStride: sampleStride, windows: windows, count: count, frames: frames, into: features,
                featureStride: featureStride))
    }
}
