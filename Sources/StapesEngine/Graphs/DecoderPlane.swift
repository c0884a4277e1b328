import StapesDecoding
import StapesDevice
import StapesModel

/// One kind of decoder step, prefill or decode: its static slots, its attention backend, its graphs.
///
/// A step goes from token ids to token ids: embedding, layers, logits and the choice under the rules are one graph. A
/// prefill is given its tokens; a decode step is fed with what its rows chose before, which never leaves the device.
package final class DecoderPlane {
    package enum Kind: Sendable, Hashable {
        case prefill
        case decode
    }

    package let kind: Kind
    let backend: any AttentionBackend
    package let indices: AttentionIndices
    let sampler: Sampler
    package let slots: SlotRegistry
    package let graphs: CapturedGraphs
    private let tokens: StaticSlot
    private let positions: StaticSlot
    private let logitRows: StaticSlot
    private let decoder: TextDecoder
    private let pool: KVPool
    private let stream: Stream

    /// What a plane is made for.
    struct Extent {
        let kind: Kind
        /// The most sequences and tokens of a step.
        let rows: Int
        let tokens: Int
        /// The most pages of a sequence.
        let pages: Int
        /// The model's maximum source positions.
        let audioContext: Int
        let vocabulary: Int
        let timestampBegin: Int
        /// Whether a smaller step may be padded to a graph's size.
        let padsGraphs: Bool

        /// Rows of logits a sequence asks for. The first of them chooses its token.
        var logitsPerRow: Int { kind == .prefill ? 2 : 1 }
    }

    init(
        _ extent: Extent, backend: any AttentionBackend, decoder: TextDecoder, pool: KVPool, seats: SequenceSeats,
        stream: Stream
    ) throws(DeviceError) {
        kind = extent.kind
        graphs = CapturedGraphs(pads: extent.padsGraphs)
        self.backend = backend
        self.decoder = decoder
        self.pool = pool
        self.stream = stream
        slots = SlotRegistry(on: stream)
        tokens = try StaticSlot(
            "token ids", domain: .token, count: extent.tokens, capture: .value(0), padding: .value(0), in: slots)
        positions = try StaticSlot(
            "positions", domain: .token, count: extent.tokens, capture: .value(0), padding: .value(0), in: slots)
        logitRows = try StaticSlot(
            "logit rows", domain: .row, count: extent.rows, width: extent.logitsPerRow, capture: .value(0),
            padding: .value(0), in: slots)
        indices = try AttentionIndices(
            AttentionExtent(
                rows: extent.rows, tokens: extent.tokens, pages: extent.pages, audioContext: extent.audioContext,
                padding: extent.kind == .decode ? .rows : .none), for: backend, registry: slots)
        sampler = try Sampler(
            rows: extent.rows, vocabulary: extent.vocabulary, timestampBegin: extent.timestampBegin, seats: seats,
            registry: slots, on: stream)
    }

    /// How a step was run.
    package enum Route: Sendable, Hashable {
        case graph(StepSize)
        case eager(EagerReason)
    }

    /// A step that was launched.
    package struct Launched: Sendable, Hashable {
        package let route: Route
        package let rows: Int
        /// Names the step's choices.
        let step: Int
    }

    /// Captures a graph for each size, the largest first.
    func capture(_ sizes: [StepSize]) throws(DeviceError) {
        try graphs.capture(sizes, slots: slots, on: stream) { (size) throws(DeviceError) in
            try indices.prepare(size, inGraph: true)
        } record: { (size) throws(DeviceError) in
            try launch(size, plan: indices.capturePlan(size))
        }
    }

    /// Launches a decode step: every row goes on by one token, the one that was chosen for it last.
    ///
    /// - Parameter eagerly: pass the graphs by.
    /// - Complexity: while the batch's epoch stays the same, nothing is allocated and only lengths are planned.
    package func run(_ batch: DecodeBatch, eagerly: Bool = false) throws(DeviceError) -> Launched {
        precondition(kind == .decode, "a prefill is given its tokens")
        for row in batch.attention.rows.indices {
            positions[row] = Int32(batch.attention.rows[row].context)
            logitRows[row] = Int32(row)
            sampler.seat(batch.seats[row], at: row)
        }
        return try run(batch.attention, candidates: batch.wantsCandidates, eagerly: eagerly)
    }

    /// Launches the prompts of some sequences, one after the other.
    ///
    /// - Parameter epoch: one that no batch had before.
    package func run(_ prompts: [Prompt], epoch: Int, eagerly: Bool = false) throws(DeviceError) -> Launched {
        precondition(kind == .prefill, "a decode step is fed with what was chosen before")
        var at = 0
        for (row, prompt) in prompts.enumerated() {
            for (column, token) in prompt.logitTokens.enumerated() { logitRows[row, column] = Int32(at + token) }
            for (offset, token) in prompt.tokens.enumerated() {
                tokens[at] = Int32(token)
                positions[at] = Int32(prompt.row.context + offset)
                at += 1
            }
            sampler.seat(prompt.seat, at: row)
        }
        return try run(
            AttentionBatch(rows: prompts.map(\.row), epoch: epoch),
            candidates: prompts.contains(where: \.wantsCandidates),
            eagerly: eagerly)
    }

    /// Copy live rows into the slots, plan, pad, launch once, fetch the choices.
    private func run(
        _ batch: AttentionBatch, candidates: Bool, eagerly: Bool
    ) throws(DeviceError) -> Launched {
        let plan = backend.plan(batch, indices: indices)
        let live = StepSize(tokens: plan.tokens, rows: batch.rows.count, groups: plan.selfPart.groups)
        let route: Route
        let size =
            eagerly
            ? nil
            : try graphs.replay(live, slots: slots, on: stream) { (size) throws(DeviceError) in
                try indices.prepare(size, inGraph: true)
            }
        if let size {
            route = .graph(size)
        } else {
            try indices.prepare(live, inGraph: false)
            slots.upload()
            try launch(live, plan: plan)
            route = .eager(graphs.reason(for: live, asked: eagerly))
        }
        let step = sampler.fetch(candidates: candidates, on: stream)
        try stream.check()
        return Launched(route: route, rows: live.rows, step: step)
    }

    /// Waits until the choices of a launched step are on the host.
    ///
    /// - Throws: `failed` if the device could not do the step.
    package func settle(_ launched: Launched) throws(DeviceError) {
        sampler.settle(launched.step)
        try stream.check()
    }

    /// What a row of a launched step chose. The choices of the step before can still be asked for.
    package func choice(row: Int, of launched: Launched) -> Choice { sampler.choice(row: row, of: launched.step) }

    /// What could come next for a row of a launched step whose seat asked for candidates, the likeliest first.
    func candidates(row: Int, of launched: Launched) -> [BeamSearch.Candidate] {
        sampler.candidates(row: row, of: launched.step)
    }

    /// The logits of the last step, `[rows * logitsPerRow, V]`; the ones that chose are masked.
    package func logits(of launched: Launched) -> MatrixView { decoder.logits(rows: launched.rows * logitRows.width) }

    /// Copies one row of the last step's logits to the host.
    package func readLogits(_ row: Int, of launched: Launched, into values: inout [Float]) {
        let logits = logits(of: launched)
        precondition(row >= 0 && row < logits.rows, "a row outside the step")
        values.withUnsafeMutableBufferPointer {
            stream.read(
                UnsafePointer(logits.float32) + row * logits.rowStride, count: $0.count, into: $0.baseAddress!)
        }
    }

    private func launch(_ size: StepSize, plan: AttentionPlan) throws(DeviceError) {
        let attention = BoundAttention(backend: backend, pool: pool, stream: stream, plan: plan, windowSlots: nil)
        if kind == .decode { sampler.launchFeed(into: tokens.mutablePointer, rows: size.rows, on: stream) }
        let logits = try decoder.run(
            tokens: tokens.pointer, positions: positions.pointer, count: size.tokens, logitRows: logitRows.pointer,
            logitCount: size.rows * logitRows.width, attention: attention)
        let choosing = MatrixView(
            logits.pointer, type: .float32, rows: size.rows, columns: logits.columns,
            rowStride: logits.rowStride * logitRows.width)
        sampler.launchChoice(choosing, on: stream)
    }
}
