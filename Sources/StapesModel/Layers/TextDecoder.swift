import StapesDevice

/// What a decoder computes and holds in what. The cache's type is the arenas' own.
package struct DecoderTypes: Sendable, Hashable {
    /// Of encoded windows, and of the products that make keys and values of them.
    package var window: ScalarType
    /// What weights and inputs of those products are rounded to instead, if they are.
    package var windowIntegers: Linear.Integers?
    /// Of those keys and values before they are cached.
    package var windowKeys: ScalarType
    /// Of a step's activations.
    package var activations: ScalarType
    /// Of the weights of a step's products.
    package var weights: ScalarType
    /// What weights of the products of a step are rounded to instead, if they are.
    package var integers: Linear.Integers?
    /// Whether logits come from weights in int8, half of the bytes of a step, and the likeliest of them again from the
    /// embedding itself.
    package var refinesLogits: Bool

    package init(
        window: ScalarType, windowIntegers: Linear.Integers?, windowKeys: ScalarType, activations: ScalarType,
        weights: ScalarType, integers: Linear.Integers?, refinesLogits: Bool
    ) {
        self.window = window
        self.windowIntegers = windowIntegers
        self.windowKeys = windowKeys
        self.activations = activations
        self.weights = weights
        self.integers = integers
        self.refinesLogits = refinesLogits
    }
}

/// The decoder: tokens and their positions to logits.
///
/// Shapes: T tokens of a step (one a sequence in decode, a prompt each in prefill, one after the other),
/// R rows whose logits are wanted, P positions of a window, D width, V vocabulary.
package final class TextDecoder {
    private let configuration: ModelConfiguration
    private let stream: Stream
    private let embedding: TokenEmbedding
    private let positions: Buffer
    private let layers: [DecoderLayer]
    private let finalNorm: LayerNorm
    /// The embedding again, packed for the product that gives the logits.
    private let output: Linear
    /// Where the ranges of ids end in which the likeliest logits are computed again, if they are.
    private let refined: (text: Int, special: Int, stamps: Int)?
    private let workspace: DecoderWorkspace
    private let crossWorkspace: Activations

    /// - Parameters:
    ///   - types: what is computed and held in what.
    ///   - endOfText: the first id behind the text's.
    ///   - timestampBegin: the first stamp's id.
    ///   - maximumTokens: the most tokens of a step.
    ///   - maximumLogitRows: the most rows of logits of a step.
    ///   - maximumWindows: the most windows whose keys and values are written at once.
    package init(
        checkpoint: Checkpoint, types: DecoderTypes, endOfText: Int, timestampBegin: Int, device: any ComputeDevice,
        maximumTokens: Int, maximumLogitRows: Int, maximumWindows: Int = 1
    ) throws {
        let reader = WeightReader(
            checkpoint: checkpoint, device: device, type: types.weights, integers: types.integers)
        let windowReader = WeightReader(
            checkpoint: checkpoint, device: device, type: types.window, integers: types.windowIntegers)
        configuration = checkpoint.configuration
        stream = device.stream
        positions = try reader.table("decoder.positional_embedding")
        layers = try (0..<configuration.decoderLayers).map { try DecoderLayer(reader, windowReader, index: $0) }
        finalNorm = try reader.norm("decoder.ln")
        var outputReader = reader
        if types.refinesLogits { outputReader.integers = .int8 }
        let output = try outputReader.linear("decoder.token_embedding", usage: .fewRows)
        self.output = output
        embedding =
            if let shared = TokenEmbedding(sharing: output) { shared } else {
                try TokenEmbedding(checkpoint.tensor("decoder.token_embedding.weight"))
            }
        // The end of the text competes with text.
        refined = types.refinesLogits ? (endOfText + 1, timestampBegin, configuration.vocabularySize) : nil
        workspace = try DecoderWorkspace(
            configuration, type: types.activations, tokens: maximumTokens, logitRows: maximumLogitRows,
            on: stream)
        crossWorkspace = try Activations(
            rows: maximumWindows * configuration.audioContext, columns: 2 * configuration.width, type: types.windowKeys,
            on: device.encodeStream)
    }

    /// What each window adds to the memory for those that are encoded at once.
    package static func windowByteCount(_ configuration: ModelConfiguration, types: DecoderTypes) -> Int {
        configuration.audioContext * 2 * configuration.width * types.windowKeys.byteCount
    }

    /// One step: prefill or decode.
    ///
    /// - Parameters:
    ///   - tokens: ids, `[T]`.
    ///   - positions: of each token in its sequence, `[T]`.
    ///   - count: T.
    ///   - rows: the tokens whose logits are wanted, `[R]`, indices into the step.
    ///   - logitCount: R.
    /// - Returns: logits `[R, V]` in float32, valid until the next step.
    package func run(
        tokens: UnsafePointer<Int32>, positions tokenPositions: UnsafePointer<Int32>, count: Int,
        logitRows rows: UnsafePointer<Int32>, logitCount: Int, attention: some Attention
    ) throws(DeviceError) -> MatrixView {
        try runLayers(tokens: tokens, positions: tokenPositions, count: count, attention: attention)
        return try project(rows: rows, count: logitCount)
    }

    /// A step without its logits.
    ///
    /// - Parameter observe: is shown each layer's queries to the window, `[T, D]`, valid until it returns.
    package func runLayers(
        tokens: UnsafePointer<Int32>, positions tokenPositions: UnsafePointer<Int32>, count: Int,
        attention: some Attention, observe: ((_ layer: Int, MatrixView) -> Void)? = nil
    ) throws(DeviceError) {
        let residual = workspace.residual.view(count)
        stream.embed(
            tokens: tokens, positions: tokenPositions, table: embedding.pointer, tableType: embedding.type,
            positionTable: positions.pointer.assumingMemoryBound(to: Float.self), into: residual)
        for layer in layers {
            try layer.run(residual, work: workspace, attention: attention, stream: stream, observe: observe)
        }
    }

    /// The most rows of logits at a time.
    package var maximumLogitRows: Int { workspace.logits.rows }

    /// The logits of some tokens of the last step, `[R, V]` in float32, valid until the next call.
    ///
    /// - Parameter rows: indices into the step, `[R]`.
    package func project(rows: UnsafePointer<Int32>, count: Int) throws(DeviceError) -> MatrixView {
        let gathered = workspace.gathered.view(count)
        let normal = workspace.gatheredNormal.view(count)
        let logits = logits(rows: count)
        stream.gather(workspace.residual.all, rows: rows, into: gathered)
        try output.run(gathered, normalizedBy: finalNorm, through: normal, into: logits, on: stream)
        if let refined {
            stream.refine(
                logits, input: normal, table: embedding.pointer, tableType: embedding.type, groups: refined)
        }
        return logits
    }

    /// The first `rows` rows of the last step's logits, which every step writes to the same place.
    package func logits(rows: Int) -> MatrixView { workspace.logits.view(rows) }

    /// Writes the keys and values of encoded windows, `encoded` [W * P, D], for every layer's cross-attention.
    ///
    /// - Parameter stream: the one that encoded it.
    package func writeCross(
        _ encoded: MatrixView, attention: some Attention, on stream: Stream
    ) throws(DeviceError) {
        let width = configuration.width
        let projected = crossWorkspace.view(encoded.rows)
        for (index, layer) in layers.enumerated() {
            try layer.projectWindow(encoded, into: projected, stream: stream)
            attention.write(
                AttentionLayer(.decoderCross, index), key: projected.columns(0, width),
                value: projected.columns(width, width))
        }
    }
}

/// One layer: `x += self(norm(x))`, `x += cross(norm(x))`, `x += mlp(norm(x))`.
private final class DecoderLayer {
    private let selfNorm: LayerNorm
    /// Query, key and value in one product, `[3 * D, D]`.
    private let selfProjections: Linear
    private let selfOutput: Linear
    private let crossNorm: LayerNorm
    private let crossQuery: Linear
    /// Key and value of a window in one product, `[2 * D, D]`.
    private let crossKeyValue: Linear
    private let crossOutput: Linear
    private let feedForwardNorm: LayerNorm
    private let up: Linear
    private let down: Linear
    private let index: Int

    init(_ reader: WeightReader, _ windowReader: WeightReader, index: Int) throws {
        let name = "decoder.blocks.\(index)."
        self.index = index
        selfNorm = try reader.norm(name + "attn_ln")
        selfProjections = try reader.linear(
            stacking: ["query", "key", "value"].map { name + "attn." + $0 }, usage: .fewRows)
        selfOutput = try reader.linear(name + "attn.out", usage: .fewRows)
        crossNorm = try reader.norm(name + "cross_attn_ln")
        crossQuery = try reader.linear(name + "cross_attn.query", usage: .fewRows)
        crossKeyValue = try windowReader.linear(
            stacking: ["key", "value"].map { name + "cross_attn." + $0 }, usage: .manyRows)
        crossOutput = try reader.linear(name + "cross_attn.out", usage: .fewRows)
        feedForwardNorm = try reader.norm(name + "mlp_ln")
        up = try reader.linear(name + "mlp.0", usage: .fewRows)
        down = try reader.linear(name + "mlp.2", usage: .fewRows)
    }

    func run(
        _ residual: MatrixView, work: DecoderWorkspace, attention: some Attention, stream: Stream,
        observe: ((_ layer: Int, MatrixView) -> Void)?
    ) throws(DeviceError) {
        let (rows, width) = (residual.rows, residual.columns)
        let normal = work.normal.view(rows)
        let projected = work.projected.view(rows)
        let query = work.query.view(rows)
        let attended = work.attended.view(rows)
        let raised = work.raised.view(rows)

        try selfProjections.run(residual, normalizedBy: selfNorm, through: normal, into: projected, on: stream)
        attention.run(
            AttentionLayer(.decoderSelf, index), query: projected.columns(0, width),
            key: projected.columns(width, width), value: projected.columns(2 * width, width), into: attended)
        try selfOutput.run(attended, into: residual, accumulate: true, on: stream)

        try crossQuery.run(residual, normalizedBy: crossNorm, through: normal, into: query, on: stream)
        observe?(index, query)
        attention.run(AttentionLayer(.decoderCross, index), query: query, key: nil, value: nil, into: attended)
        try crossOutput.run(attended, into: residual, accumulate: true, on: stream)

        try up.run(residual, normalizedBy: feedForwardNorm, through: normal, into: raised, gelu: true, on: stream)
        try down.run(raised, into: residual, accumulate: true, on: stream)
    }

    func projectWindow(_ encoded: MatrixView, into output: MatrixView, stream: Stream) throws(DeviceError) {
        try crossKeyValue.run(encoded, into: output, on: stream)
    }
}
