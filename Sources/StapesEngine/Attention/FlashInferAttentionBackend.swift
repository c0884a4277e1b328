import CKernels
import CUDADriver
import StapesDevice
import StapesModel

/// Attention by FlashInfer's kernels on a GPU: planned once a step from the host's lengths, run once a layer.
///
/// It writes new keys and values with a kernel of ours first, and leaves the encoder's own attention to ours.
package final class FlashInferAttentionBackend: AttentionBackend {
    package let name = BackendChoice.flashinfer.rawValue
    package let capabilities = BackendChoice.flashinfer.capabilities
    private let library: FlashInferLibrary
    private let stream: Stream
    private let shape: FlashInferShape
    /// Where parts of a row lie between two kernels: of one step at a time.
    private let floats: Buffer
    private let sizes: stapes_flashinfer_sizes

    /// - Throws: `unavailable` where there is no library, `outOfMemory`.
    init(_ extent: BackendChoice.Extent, on stream: Stream) throws(DeviceError) {
        guard let platform = stream.platform else {
            throw DeviceError(.unavailable, "the attention backend 'flashinfer' needs a GPU")
        }
        library = try platform.flashInfer()
        self.stream = stream
        shape = FlashInferShape(layers: extent.layers, heads: extent.heads, type: extent.type)
        var sizes = stapes_flashinfer_sizes()
        var largest = shape.with(rows: extent.rows, inGraph: true)
        try library.check(
            library.functions.workspace_sizes(
                &largest, extent.tokens > extent.rows ? Int32(extent.tokens) : 0, &sizes))
        self.sizes = sizes
        floats = try Buffer(byteCount: Int(sizes.float_bytes), on: stream)
    }

    package func makeState(
        _ extent: AttentionExtent, registry: SlotRegistry
    ) throws(DeviceError) -> (any AttentionState)? {
        try FlashInferState(
            extent, shape: shape, library: library, floats: floats.pointer, sizes: sizes, registry: registry,
            on: stream)
    }

    package func plan(_ batch: AttentionBatch, indices: AttentionIndices) -> AttentionPlan { indices.plan(batch) }

    package func run(
        _ layer: AttentionLayer, plan: AttentionPlan?, windows: Int, pool: KVPool, query: MatrixView, key: MatrixView?,
        value: MatrixView?, into output: MatrixView, on stream: Stream
    ) {
        switch layer.kind {
        case .encoderSelf:
            guard let key, let value else { preconditionFailure("the encoder attends to keys and values it brings") }
            attend(windows: windows, query: query, key: key, value: value, into: output, on: stream)
        case .decoderSelf, .decoderCross:
            guard let plan, let state = plan.state as? FlashInferState else {
                preconditionFailure("attention over the pool needs a plan")
            }
            if let key, let value {
                write(layer, pool: pool, key: key, value: value, slots: plan.slots, on: stream)
            }
            state.run(layer, cache: cache(layer, pool), query: query, into: output, scale: scale, on: stream)
        }
    }

    package func write(
        _ layer: AttentionLayer, pool: KVPool, key: MatrixView, value: MatrixView, slots: UnsafePointer<Int32>,
        on stream: Stream
    ) {
        storeKeys(key, value, at: slots, in: cache(layer, pool), by: stream.kernels, on: stream)
    }
}

/// What all plans of a model have in common.
struct FlashInferShape {
    let layers: Int
    let heads: Int
    let type: ScalarType

    func with(rows: Int, inGraph: Bool) -> stapes_flashinfer_shape {
        stapes_flashinfer_shape(
            batch: Int32(rows), heads: Int32(heads), page_size: Int32(KVLayout.tilePositions),
            type: type == .bfloat16 ? STAPES_FLASHINFER_BFLOAT16 : STAPES_FLASHINFER_FLOAT16, graph: inGraph)
    }
}
