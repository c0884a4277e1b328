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

/// What the encoder needs for one window.
final class EncoderWorkspace {
    /// A zero frame, the frames of log-mel, a zero frame.
    let paddedFeatures: Activations
    /// The same around the first convolution's output.
    let paddedFrames: Activations
    let residual: Activations
    let normal: Activations
    let projected: Activations
    let attended: Activations
    let raised: Activations

    init(_ configuration: ModelConfiguration, type: ScalarType, on stream: Stream) throws(DeviceError) {
        let positions = configuration.audioContext
        let width = configuration.width
        paddedFeatures = try Activations(
            rows: 2 * positions + 2, columns: configuration.melBins, type: type, on: stream)
        paddedFrames = try Activations(rows: 2 * positions + 2, columns: width, type: type, on: stream)
        residual = try Activations(rows: positions, columns: width, type: .float32, on: stream)
        normal = try Activations(rows: positions, columns: width, type: type, on: stream)
        projected = try Activations(rows: positions, columns: 3 * width, type: type, on: stream)
        attended = try Activations(rows: positions, columns: width, type: type, on: stream)
        raised = try Activations(rows: positions, columns: configuration.feedForwardWidth, type: type, on: stream)
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
