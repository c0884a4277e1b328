import CKernels
import StapesDevice
import StapesModel

/// Gives the decoder a text that is known and looks at the alignment heads on the way.
///
/// It is run for one window at a time, eagerly and only when asked for: steps that decode never compute these weights.
final class AlignmentRunner {
    private let decoder: TextDecoder
    private let backend: any AttentionBackend
    private let pool: KVPool
    private let stream: Stream
    private let slots: SlotRegistry
    private let indices: AttentionIndices
    private let textEnd: Int
    private let tokens: Buffer
    private let numbers: Buffer
    private let probabilities: Buffer
    /// Heads by layer, in the order in which their scores are written.
    private let layers: [Int: HeadRun]
    private let headCount: Int
    private let headNumbers: Buffer
    private var epoch = 0
    private static let scale = 1 / Float(STAPES_HEAD_WIDTH).squareRoot()

    /// The alignment heads of one layer.
    private struct HeadRun {
        let first: Int
        let count: Int
    }

    /// - Parameters:
    ///   - maximumTokens: the longest text with its start sequence.
    ///   - endOfText: ids from there on are no text.
    init(
        model: ModelConfiguration, maximumTokens: Int, endOfText: Int, backend: any AttentionBackend,
        decoder: TextDecoder, pool: KVPool, stream: Stream
    ) throws(DeviceError) {
        self.decoder = decoder
        self.backend = backend
        self.pool = pool
        self.stream = stream
        textEnd = endOfText
        slots = SlotRegistry(on: stream)
        indices = try AttentionIndices(
            AttentionExtent(
                rows: 1, tokens: maximumTokens,
                pages: (maximumTokens + KVLayout.tilePositions - 1) / KVLayout.tilePositions,
                audioContext: model.audioContext, padding: .none), for: backend, registry: slots)
        tokens = try Buffer(of: Int32.self, count: maximumTokens + 1, on: stream)
        // Token n of a text stands at position n and asks for row n.
        numbers = try Buffer(of: Int32.self, count: maximumTokens, on: stream)
        stream.write((0..<Int32(maximumTokens)).map { $0 }, count: maximumTokens, to: numbers.start())
        probabilities = try Buffer(of: Float.self, count: maximumTokens, on: stream)
        let heads = model.alignmentHeads.filter { $0.layer < model.decoderLayers && $0.head < model.decoderHeads }
            .sorted { ($0.layer, $0.head) < ($1.layer, $1.head) }
        headCount = heads.count
        headNumbers = try Buffer(of: Int32.self, count: max(1, heads.count), on: stream)
        stream.write(heads.map { Int32($0.head) }, count: heads.count, to: headNumbers.start())
        layers = Dictionary(grouping: heads.indices, by: { heads[$0].layer })
            .mapValues { HeadRun(first: $0[0], count: $0.count) }
    }

    /// - Parameters:
    ///   - text: the start sequence, the text, the end of text.
    ///   - row: its pages, and the window's block.
    ///   - content: positions of the window that hold content.
    func run(_ text: [Int], row: AttentionRow, content: Int) throws(DeviceError) -> WindowAttention {
        precondition(row.tokens == text.count && row.context == 0, "a text is given whole")
        epoch += 1
        let count = text.count
        stream.write((text + [textEnd]).map { Int32($0) }, count: count + 1, to: tokens.start())
        let plan = backend.plan(AttentionBatch(rows: [row], epoch: epoch), indices: indices)
        try indices.prepare(
            StepSize(tokens: count, rows: 1, groups: plan.selfPart.groups), inGraph: false)
        slots.upload()
        let attention = BoundAttention(backend: backend, pool: pool, stream: stream, plan: plan, windowSlots: nil)
        let scores = try Buffer(of: Float.self, count: headCount * count * content, on: stream)
        let target = scores.start(of: Float.self)
        try decoder.runLayers(
            tokens: UnsafePointer(tokens.start()), positions: UnsafePointer(numbers.start()), count: count,
            attention: attention
        ) { layer, query in
            guard let heads = self.layers[layer] else { return }
            self.launchScores(
                query, layer: layer, heads: heads, block: row.block, content: content,
                into: target + heads.first * count * content)
        }
        try launchProbabilities(count: count)
        let attended = WindowAttention(
            heads: headCount, tokens: count, positions: content,
            scores: read(target, count: headCount * count * content),
            probabilities: [0] + read(probabilities.start(), count: count).dropLast())
        try stream.check()
        return attended
    }

    private func launchScores(
        _ query: MatrixView, layer: Int, heads: HeadRun, block: Int32, content: Int,
        into scores: UnsafeMutablePointer<Float>
    ) {
        stream.launch(
            stream.kernels.crossScores,
            stapes_cross_scores_arguments(
                cache: pool.crossArena.layer(layer), query: query.pointer,
                heads: UnsafePointer(headNumbers.start(of: Int32.self)) + heads.first,
                scores: scores, count: Int64(heads.count), tokens: Int64(query.rows), positions: Int64(content),
                query_stride: Int64(query.rowStride), page: block, scale: Self.scale, type: query.type.kernelType))
    }

    /// How likely the token behind each one is: a few rows of logits at a time.
    private func launchProbabilities(count: Int) throws(DeviceError) {
        let rowIndices = UnsafePointer(numbers.start(of: Int32.self))
        let next = UnsafePointer(tokens.start(of: Int32.self)) + 1
        var first = 0
        while first < count {
            let rows = min(decoder.maximumLogitRows, count - first)
            let logits = try decoder.project(rows: rowIndices + first, count: rows)
            stream.launch(
                stream.kernels.tokenProbability,
                stapes_token_probability_arguments(
                    logits: logits.float32, tokens: next + first,
                    probabilities: probabilities.start(of: Float.self) + first,
                    rows: Int64(rows), logits_stride: Int64(logits.rowStride), limit: Int64(textEnd)))
            first += rows
        }
    }

    private func read(_ source: UnsafeMutablePointer<Float>, count: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { target, initialised in
            if count > 0 { stream.read(UnsafePointer(source), count: count, into: target.baseAddress!) }
            initialised = count
        }
    }
}
