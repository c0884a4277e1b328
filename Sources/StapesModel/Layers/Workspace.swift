import StapesDevice

/// Rows of activations that are written anew in every run. `[rows, columns]`.
final class Activations {
    private let buffer: Buffer
    private let type: ScalarType
    let rows: Int
    private let columns: Int

    init(rows: Int, columns: Int, type: ScalarType, on stream: Stream) throws(DeviceError) {
        buffer = try Buffer(byteCount: rows * columns * type.byteCount, on: stream)
        self.rows = rows
        self.columns = columns
        self.type = type
    }

    var pointer: UnsafeMutableRawPointer { buffer.pointer }
    var byteCount: Int { buffer.byteCount }

    /// `count` rows, from row `first` on.
    func view(_ count: Int, from first: Int = 0) -> MatrixView {
        MatrixView(buffer.pointer, type: type, rows: rows, columns: columns).rows(first, count)
    }

    var all: MatrixView { view(rows) }

    func zeroRow(_ row: Int, on stream: Stream) {
        precondition(row < rows, "a row outside the activations")
        let rowBytes = columns * type.byteCount
        stream.zero(buffer.pointer + row * rowBytes, byteCount: rowBytes)
    }
}

/// What the encoder needs for the windows of one run, which lie one after the other.
final class EncoderWorkspace {
    /// Of each window a zero frame, the frames of log-mel, a zero frame.
    let paddedFeatures: Activations
    /// The same around the first convolution's output.
    let paddedFrames: Activations
    let residual: Activations
    let normal: Activations
    let projected: Activations
    let attended: Activations
    let raised: Activations

    /// - Parameter windows: the most of a run.
    init(
        _ configuration: ModelConfiguration, type: ScalarType, windows: Int, on stream: Stream
    ) throws(DeviceError) {
        let frames = windows * (2 * configuration.audioContext + 2)
        let positions = windows * configuration.audioContext
        let width = configuration.width
        paddedFeatures = try Activations(rows: frames, columns: configuration.melBins, type: type, on: stream)
        paddedFrames = try Activations(rows: frames, columns: width, type: type, on: stream)
        residual = try Activations(rows: positions, columns: width, type: .float32, on: stream)
        normal = try Activations(rows: positions, columns: width, type: type, on: stream)
        projected = try Activations(rows: positions, columns: 3 * width, type: type, on: stream)
        attended = try Activations(rows: positions, columns: width, type: type, on: stream)
        raised = try Activations(rows: positions, columns: configuration.feedForwardWidth, type: type, on: stream)
    }

    var byteCount: Int {
        [paddedFeatures, paddedFrames, residual, normal, projected, attended, raised].reduce(0) { $0 + $1.byteCount }
    }

    /// What each window adds to it.
    static func byteCount(_ configuration: ModelConfiguration, type: ScalarType) -> Int {
        let frames = (2 * configuration.audioContext + 2) * (configuration.melBins + configuration.width)
        let values = configuration.audioContext * (5 * configuration.width + configuration.feedForwardWidth)
        let residual = configuration.audioContext * configuration.width
        return (frames + values) * type.byteCount + residual * ScalarType.float32.byteCount
    }
}

/// What the decoder needs for one step.
final class DecoderWorkspace {
    let residual: Activations
    let normal: Activations
    let projected: Activations
    let query: Activations
    let attended: Activations
    let raised: Activations
    let gathered: Activations
    let gatheredNormal: Activations
    let logits: Activations

    /// - Parameters:
    ///   - tokens: the most tokens of a step.
    ///   - logitRows: the most rows whose logits a step asks for.
    init(
        _ configuration: ModelConfiguration, type: ScalarType, tokens: Int, logitRows: Int, on stream: Stream
    ) throws(DeviceError) {
        let width = configuration.width
        residual = try Activations(rows: tokens, columns: width, type: .float32, on: stream)
        normal = try Activations(rows: tokens, columns: width, type: type, on: stream)
        projected = try Activations(rows: tokens, columns: 3 * width, type: type, on: stream)
        query = try Activations(rows: tokens, columns: width, type: type, on: stream)
        attended = try Activations(rows: tokens, columns: width, type: type, on: stream)
        raised = try Activations(rows: tokens, columns: configuration.feedForwardWidth, type: type, on: stream)
        gathered = try Activations(rows: logitRows, columns: width, type: .float32, on: stream)
        gatheredNormal = try Activations(rows: logitRows, columns: width, type: type, on: stream)
        logits = try Activations(rows: logitRows, columns: configuration.vocabularySize, type: .float32, on: stream)
    }
}
