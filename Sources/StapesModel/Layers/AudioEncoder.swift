import StapesDevice

/// The encoder: the log-mel frames of some windows to one vector every 20 ms.
///
/// Shapes: W windows, F frames of 10 ms, P = F / 2 positions, D width. Windows lie one after the other and see nothing of
/// each other: a product is one over all their rows, attention and convolutions stay inside each.
package final class AudioEncoder {
    private let configuration: ModelConfiguration
    private let stream: Stream
    private let type: ScalarType
    private let firstConvolution: Linear
    private let secondConvolution: Linear
    private let positions: Buffer
    private let layers: [EncoderLayer]
    private let finalNorm: LayerNorm
    private let windows: Int
    private let workspace: EncoderWorkspace

    /// - Parameters:
    ///   - type: what products are computed in.
    ///   - integers: what their weights and inputs are rounded to instead, if they are; `type` is float32 then.
    ///   - windows: the most of a run.
    package init(
        checkpoint: Checkpoint, type: ScalarType, integers: Linear.Integers?, windows: Int = 1,
        device: any ComputeDevice
    ) throws {
        let reader = WeightReader(checkpoint: checkpoint, device: device, type: type, integers: integers)
        configuration = checkpoint.configuration
        stream = device.encodeStream
        self.type = type
        firstConvolution = try reader.convolution("encoder.conv1")
        secondConvolution = try reader.convolution("encoder.conv2")
        positions = try reader.table("encoder.positional_embedding")
        layers = try (0..<configuration.encoderLayers).map { try EncoderLayer(reader, index: $0) }
        finalNorm = try reader.norm("encoder.ln_post")
        self.windows = windows
        workspace = try EncoderWorkspace(configuration, type: type, windows: windows, on: stream)
    }

    /// Bytes that are written anew in every run, and what each window adds to them.
    package var workspaceByteCount: Int { workspace.byteCount }
    package static func workspaceByteCount(_ configuration: ModelConfiguration, type: ScalarType) -> Int {
        EncoderWorkspace.byteCount(configuration, type: type)
    }

    /// Values from one window's features to the next's: those of a full window, and of two frames of zeros.
    package static func featureStride(_ configuration: ModelConfiguration) -> Int {
        (2 * configuration.audioContext + 2) * configuration.melBins
    }

    /// - Parameters:
    ///   - features: `[2 * positions, melBins]` of each window, log-mel as the feature extractor gives it, and two frames
    ///     of zeros before the next.
    ///   - windows: W. Several have full length.
    ///   - count: positions to encode of each, 1 to the model's audio context.
    ///   - attention: keeps W windows apart.
    /// - Returns: `[W * count, D]` in the encoder's type, valid until the next call.
    package func run(
        features: UnsafePointer<Float>, windows: Int = 1, positions count: Int, attention: some Attention
    ) throws(DeviceError) -> MatrixView {
        precondition(count > 0 && count <= configuration.audioContext, "positions outside the model's audio context")
        precondition(windows > 0 && windows <= self.windows, "more windows than there is room for")
        precondition(windows == 1 || count == configuration.audioContext, "a short window is encoded alone")
        let work = workspace
        let residual = try embed(features, windows: windows, positions: count)
        for layer in layers {
            try layer.run(residual, work: work, attention: attention, stream: stream)
        }
        let output = work.normal.view(windows * count)
        stream.layerNorm(residual, finalNorm, into: output)
        return output
    }

    /// The stem: two convolutions over time, the second of stride 2, and the position embedding. A convolution is a
    /// product over a strided view: three neighbouring frames lie side by side, with a zero frame at either end of a
    /// window. Of several windows it is a batch of such products.
    private func embed(
        _ features: UnsafePointer<Float>, windows: Int, positions count: Int
    ) throws(DeviceError) -> MatrixView {
        let work = workspace
        let frames = 2 * count
        let (bins, width) = (configuration.melBins, configuration.width)
        let input = work.paddedFeatures
        let hidden = work.paddedFrames
        let padded = frames + 2
        stream.convert(
            features, count: (windows * padded - 2) * bins, into: input.pointer + bins * type.byteCount, type: type)
        // Behind full windows nothing is ever written.
        if count < configuration.audioContext {
            input.zeroRow(frames + 1, on: stream)
            hidden.zeroRow(frames + 1, on: stream)
        }
        try firstConvolution.run(
            MatrixView(input.pointer, type: type, rows: frames, columns: 3 * bins, rowStride: bins),
            into: hidden.view(frames, from: 1),
            batch: Linear.Batch(count: windows, inputStride: padded * bins, outputStride: padded * width), gelu: true,
            on: stream)
        try secondConvolution.run(
            MatrixView(hidden.pointer, type: type, rows: count, columns: 3 * width, rowStride: 2 * width),
            into: work.residual.view(count),
            batch: Linear.Batch(count: windows, inputStride: padded * width, outputStride: count * width), gelu: true,
            on: stream)
        let residual = work.residual.view(windows * count)
        stream.add(
            positions.pointer.assumingMemoryBound(to: Float.self), count: count * width, repeats: windows,
            to: residual.float32)
        return residual
    }
}

/// One layer: `x += attention(norm(x))`, `x += mlp(norm(x))`.
private final class EncoderLayer {
    private let attentionNorm: LayerNorm
    /// Query, key and value in one product, `[3 * D, D]`.
    private let projections: Linear
    private let output: Linear
    private let feedForwardNorm: LayerNorm
    private let up: Linear
    private let down: Linear
    private let layer: AttentionLayer

    init(_ reader: WeightReader, index: Int) throws {
        let name = "encoder.blocks.\(index)."
        attentionNorm = try reader.norm(name + "attn_ln")
        projections = try reader.linear(
            stacking: ["query", "key", "value"].map { name + "attn." + $0 }, usage: .manyRows)
        output = try reader.linear(name + "attn.out", usage: .manyRows)
        feedForwardNorm = try reader.norm(name + "mlp_ln")
        up = try reader.linear(name + "mlp.0", usage: .manyRows)
        down = try reader.linear(name + "mlp.2", usage: .manyRows)
        layer = AttentionLayer(.encoderSelf, index)
    }

    func run(
        _ residual: MatrixView, work: EncoderWorkspace, attention: some Attention, stream: Stream
    ) throws(DeviceError) {
        let (rows, width) = (residual.rows, residual.columns)
        let normal = work.normal.view(rows)
        let projected = work.projected.view(rows)
        let attended = work.attended.view(rows)
        let raised = work.raised.view(rows)
        stream.layerNorm(residual, attentionNorm, into: normal)
        try projections.run(normal, into: projected, on: stream)
        attention.run(
            layer, query: projected.columns(0, width), key: projected.columns(width, width),
            value: projected.columns(2 * width, width), into: attended)
        try output.run(attended, into: residual, accumulate: true, on: stream)
        stream.layerNorm(residual, feedForwardNorm, into: normal)
        try up.run(normal, into: raised, gelu: true, on: stream)
        try down.run(raised, into: residual, accumulate: true, on: stream)
    }
}
