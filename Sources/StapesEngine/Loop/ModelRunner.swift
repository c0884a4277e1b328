import StapesDecoding
import StapesDevice
import StapesModel
import StapesTokenizer

/// The model on its device, with its arenas: runs one encode, one prefill or one decode at a time.
///
/// Prefill and decode have inputs and index arrays of their own, so that a prefill between two decodes leaves the
/// decode's cross plan standing.
final class ModelRunner {
    let configuration: ModelConfiguration
    let pool: KVPool
    let sampler: Sampler
    private let encoder: AudioEncoder
    private let decoder: TextDecoder
    private let prefill: Plane
    private let decode: Plane
    private let windowSlots: Int32Buffer
    private let stream: Stream

    /// One kind of decoder step.
    private struct Plane {
        let backend: any AttentionBackend
        let inputs: StepInputs
        let indices: AttentionIndices
    }

    init(_ configuration: EngineConfiguration, checkpoint: Checkpoint, limits: SchedulerLimits) throws {
        let model = checkpoint.configuration
        let type = configuration.computeType.scalarType
        let kernels = try Self.kernels(configuration.level)
        let device = try CPUDevice(
            kernels: kernels, threads: configuration.threads, oneDNN: configuration.usesOneDNN)
        self.configuration = model
        stream = device.stream
        // A prefill wants logits twice a row: where the transcript starts, and where the prompt ends.
        let logitRows = 2 * limits.rows
        encoder = try AudioEncoder(checkpoint: checkpoint, type: type, device: device)
        decoder = try TextDecoder(
            checkpoint: checkpoint, type: type, device: device,
            maximumTokens: max(limits.prefillTokens, limits.rows), maximumLogitRows: logitRows)
        let selfLayout = KVLayout(
            layers: model.decoderLayers, heads: model.decoderHeads, positionsPerPage: KVLayout.tilePositions,
            type: type)
        let crossLayout = KVLayout(
            layers: model.decoderLayers, heads: model.decoderHeads, positionsPerPage: model.audioContext, type: type)
        pool = KVPool(
            selfArena: try KVArena(layout: selfLayout, pageCount: limits.selfPages),
            crossArena: try KVArena(layout: crossLayout, pageCount: limits.crossBlocks))
        sampler = try Sampler(
            rows: limits.rows, vocabulary: model.vocabularySize, special: configuration.special, stream: stream)
        let pages = (model.textContext + KVLayout.tilePositions - 1) / KVLayout.tilePositions
        prefill = Plane(
            backend: configuration.prefillBackend.make(kernels: kernels),
            inputs: try StepInputs(tokens: limits.prefillTokens, logitRows: logitRows),
            indices: try AttentionIndices(rows: limits.rows, tokens: limits.prefillTokens, pages: pages))
        decode = Plane(
            backend: configuration.decodeBackend.make(kernels: kernels),
            inputs: try StepInputs(tokens: limits.rows, logitRows: limits.rows),
            indices: try AttentionIndices(rows: limits.rows, tokens: limits.rows, pages: pages))
        windowSlots = try Int32Buffer(count: model.audioContext)
    }

    private static func kernels(_ level: CPULevel) throws(EngineError) -> KernelTable {
        guard let kernels = KernelTable(level) else {
            throw EngineError(.unavailable, "this processor does not have the instructions of '\(level.rawValue)'")
        }
        return kernels
    }

    /// How often decode's cross plan was made.
    var crossPlans: Int { decode.indices.crossPlans }

    /// Encodes a window and writes its cross keys and values to `block`.
    func encode(_ request: WindowRequest, into block: Int32) throws(DeviceError) {
        let positions = request.positions
        let base = block * Int32(pool.crossArena.layout.positionsPerPage)
        for position in 0..<positions { windowSlots[position] = base + Int32(position) }
        let attention = BoundAttention(
            backend: prefill.backend, pool: pool, stream: stream, plan: nil, windowSlots: windowSlots.pointer)
        let encoded = try request.features.withUnsafeBufferPointer { features throws(DeviceError) in
            try encoder.run(features: features.baseAddress!, positions: positions, attention: attention)
        }
        try decoder.writeCross(encoded, attention: attention)
    }

    /// Runs whole prompts. Row r of the logits [2 * rows, vocabulary] follows prompt r; row `rows + r` follows the
    /// start of its transcript.
    ///
    /// - Parameter epoch: a number that no other prefill has.
    func runPrefill(
        _ rows: [AttentionRow], prompts: [[Int]], startIndices: [Int], epoch: Int
    ) throws(DeviceError) -> MatrixView {
        let inputs = prefill.inputs
        var at = 0
        for (row, prompt) in prompts.enumerated() {
            inputs.logitRows[row] = Int32(at + prompt.count - 1)
            inputs.logitRows[rows.count + row] = Int32(at + startIndices[row])
            for (position, token) in prompt.enumerated() {
                inputs.tokens[at] = Int32(token)
                inputs.positions[at] = Int32(position)
                at += 1
            }
        }
        return try run(prefill, rows: rows, epoch: epoch, tokens: at, logitRows: 2 * rows.count)
    }

    /// Runs one token of each row; logits [rows, vocabulary].
    func runDecode(_ rows: [AttentionRow], tokens: [Int], epoch: Int) throws(DeviceError) -> MatrixView {
        let inputs = decode.inputs
        for (row, token) in tokens.enumerated() {
            inputs.tokens[row] = Int32(token)
            inputs.positions[row] = Int32(rows[row].context)
            inputs.logitRows[row] = Int32(row)
        }
        return try run(decode, rows: rows, epoch: epoch, tokens: tokens.count, logitRows: tokens.count)
    }

    private func run(
        _ plane: Plane, rows: [AttentionRow], epoch: Int, tokens: Int, logitRows: Int
    ) throws(DeviceError) -> MatrixView {
        let plan = plane.backend.plan(AttentionBatch(rows: rows, epoch: epoch), indices: plane.indices)
        let attention = BoundAttention(
            backend: plane.backend, pool: pool, stream: stream, plan: plan, windowSlots: nil)
        return try decoder.run(
            tokens: plane.inputs.tokens.prefix(tokens), positions: plane.inputs.positions.prefix(tokens),
            logitRows: plane.inputs.logitRows.prefix(logitRows), attention: attention)
    }
}
