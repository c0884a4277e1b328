import StapesDevice
import StapesModel
import StapesTokenizer

/// One kind of decoder step, prefill or decode: its static slots, its attention backend, its graphs.
///
/// A step goes from token ids to token ids: embedding, layers, logits and the choice under the rules are one graph.
package final class DecoderPlane {
    let backend: any AttentionBackend
    package let indices: AttentionIndices
    let sampler: Sampler
    package let slots = SlotRegistry()
    package let graphs = CapturedGraphs()
    private let tokens: StaticSlot
    private let positions: StaticSlot
    private let logitRows: StaticSlot
    private let decoder: TextDecoder
    private let pool: KVPool
    private let stream: Stream

    /// What a plane is made for.
    struct Extent {
        /// The most sequences and tokens of a step.
        let rows: Int
        let tokens: Int
        /// The most pages of a sequence.
        let pages: Int
        /// The model's maximum source positions.
        let audioContext: Int
        let padding: AttentionIndices.GroupPadding
        /// Rows of logits a sequence asks for. The first of them chooses its token.
        let logitsPerRow: Int
    }

    init(
        _ extent: Extent, backend: any AttentionBackend, decoder: TextDecoder, pool: KVPool, special: SpecialTokens,
        vocabulary: Int, lists: SuppressLists, stream: Stream
    ) throws(DeviceError) {
        self.backend = backend
        self.decoder = decoder
        self.pool = pool
        self.stream = stream
        tokens = try StaticSlot(
            "token ids", domain: .token, count: extent.tokens, capture: .value(0), padding: .value(0), in: slots)
        positions = try StaticSlot(
            "positions", domain: .token, count: extent.tokens, capture: .value(0), padding: .value(0), in: slots)
        logitRows = try StaticSlot(
            "logit rows", domain: .row, count: extent.rows, width: extent.logitsPerRow, capture: .value(0),
            padding: .value(0), in: slots)
        indices = try AttentionIndices(
            rows: extent.rows, tokens: extent.tokens, pages: extent.pages, audioContext: extent.audioContext,
            padding: extent.padding, registry: slots)
        sampler = try Sampler(
            rows: extent.rows, vocabulary: vocabulary, special: special, lists: lists, registry: slots)
    }

    /// What one sequence brings to a step.
    package struct Entry {
        package let row: AttentionRow
        /// Its tokens of this step, which stand at positions `row.context` and on.
        package let tokens: [Int]
        /// Which of its tokens give logits; the first choice is made from the first.
        package let logitTokens: [Int]
        package let rules: RowRules

        package init(row: AttentionRow, tokens: [Int], logitTokens: [Int], rules: RowRules = .neutral) {
            self.row = row
            self.tokens = tokens
            self.logitTokens = logitTokens
            self.rules = rules
        }
    }

    /// How a step was run.
    package enum Route: Sendable, Hashable {
        case graph(StepSize)
        case eager
    }

    /// Captures a graph for each size, the largest first.
    func capture(_ sizes: [StepSize]) throws(DeviceError) {
        try graphs.capture(sizes, slots: slots, on: stream) { (size) throws(DeviceError) in
            _ = try launch(size, plan: indices.capturePlan(size))
        }
    }

    /// Runs one step, by graph if one has room. The logits are those of the live rows, `[rows * logitsPerRow, V]`; the
    /// ones that chose are masked.
    ///
    /// - Parameters:
    ///   - epoch: changes whenever a row joins or leaves.
    ///   - eagerly: pass the graphs by.
    package func run(
        _ entries: [Entry], epoch: Int, eagerly: Bool = false
    ) throws(DeviceError) -> (logits: MatrixView, route: Route) {
        set(entries)
        let batch = AttentionBatch(rows: entries.map(\.row), epoch: epoch)
        let plan = backend.plan(batch, indices: indices)
        let live = StepSize(tokens: plan.tokens, rows: entries.count, groups: plan.selfPart.groups)
        if !eagerly, let size = graphs.replay(live, slots: slots, on: stream) {
            return (decoder.logits(rows: live.rows * logitRows.width), .graph(size))
        }
        return (try launch(live, plan: plan), .eager)
    }

    /// The choices of the last step's live rows.
    package func fetch(rows: Int) -> [Choice] { sampler.fetch(rows: rows) }

    private func set(_ entries: [Entry]) {
        var at = 0
        for (row, entry) in entries.enumerated() {
            for (column, token) in entry.logitTokens.enumerated() { logitRows[row, column] = Int32(at + token) }
            for (offset, token) in entry.tokens.enumerated() {
                tokens[at] = Int32(token)
                positions[at] = Int32(entry.row.context + offset)
                at += 1
            }
        }
        sampler.set(entries.map(\.rules))
    }

    private func launch(_ size: StepSize, plan: AttentionPlan) throws(DeviceError) -> MatrixView {
        let attention = BoundAttention(backend: backend, pool: pool, stream: stream, plan: plan, windowSlots: nil)
        let logits = try decoder.run(
            tokens: tokens.pointer, positions: positions.pointer, count: size.tokens, logitRows: logitRows.pointer,
            logitCount: size.rows * logitRows.width, attention: attention)
        let choosing = MatrixView(
            logits.pointer, type: .float32, rows: size.rows, columns: logits.columns,
            rowStride: logits.rowStride * logitRows.width)
        sampler.launch(choosing, on: stream)
        return logits
    }
}
