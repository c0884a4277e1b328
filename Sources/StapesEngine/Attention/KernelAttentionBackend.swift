import CKernels
import StapesDevice
import StapesModel

/// Attention by a table of kernels: `cpu` with the processor's own, `reference` with those in plain Swift.
package struct KernelAttentionBackend: AttentionBackend {
    package let name: String
    package let capabilities: AttentionCapabilities
    private let kernels: KernelTable
    private static let scale = 1 / Float(STAPES_HEAD_WIDTH).squareRoot()

    package init(name: String, kernels: KernelTable, capabilities: AttentionCapabilities) {
        self.name = name
        self.kernels = kernels
        self.capabilities = capabilities
    }

    package func plan(_ batch: AttentionBatch, indices: AttentionIndices) -> AttentionPlan { indices.plan(batch) }

    package func run(
        _ layer: AttentionLayer, plan: AttentionPlan?, pool: KVPool, query: MatrixView, key: MatrixView?,
        value: MatrixView?, into output: MatrixView, on stream: Stream
    ) {
        switch layer.kind {
        case .encoderSelf:
            guard let key, let value else { preconditionFailure("the encoder attends to keys and values it brings") }
            attendWindow(query: query, key: key, value: value, into: output, on: stream)
        case .decoderSelf, .decoderCross:
            guard let plan else { preconditionFailure("attention over the pool needs a plan") }
            if let key, let value {
                write(layer, pool: pool, key: key, value: value, slots: plan.slots, on: stream)
            }
            attendPool(
                layer.kind == .decoderSelf ? plan.selfPart : plan.crossPart, cache: cache(layer, pool),
                query: query, into: output, on: stream)
        }
    }

    package func write(
        _ layer: AttentionLayer, pool: KVPool, key: MatrixView, value: MatrixView, slots: UnsafePointer<Int32>,
        on stream: Stream
    ) {
        let cache = cache(layer, pool)
        precondition(
            key.type == value.type && (key.type == .float32 || key.type.kernelType == cache.type),
            "the arena holds another type")
        stream.launch(
            kernels.storeKV,
            stapes_store_kv_arguments(
                cache: cache, key: key.pointer, value: value.pointer, slots: slots, rows: Int64(key.rows),
                key_stride: Int64(key.rowStride), value_stride: Int64(value.rowStride), type: key.type.kernelType))
    }

    private func cache(_ layer: AttentionLayer, _ pool: KVPool) -> stapes_kv_layer {
        (layer.kind == .decoderCross ? pool.crossArena : pool.selfArena).layer(layer.index)
    }

    private func attendWindow(
        query: MatrixView, key: MatrixView, value: MatrixView, into output: MatrixView, on stream: Stream
    ) {
        precondition(query.rowStride == key.rowStride && key.rowStride == value.rowStride, "one stride serves all")
        stream.launch(
            kernels.encoderAttention,
            stapes_encoder_attention_arguments(
                query: query.pointer, key: key.pointer, value: value.pointer, output: output.pointer,
                frames: Int64(query.rows), heads: Int64(query.columns) / Int64(STAPES_HEAD_WIDTH),
                stride: Int64(query.rowStride), output_stride: Int64(output.rowStride), scale: Self.scale,
                type: query.type.kernelType))
    }

    private func attendPool(
        _ part: KVPlan, cache: stapes_kv_layer, query: MatrixView, into output: MatrixView, on stream: Stream
    ) {
        stream.launch(
            kernels.pagedAttention,
            stapes_paged_attention_arguments(
                cache: cache, query: query.pointer, output: output.pointer, group_firsts: part.groupFirsts,
                group_counts: part.groupCounts, group_rows: part.groupRows, lengths: part.lengths,
                page_table: part.pageTable, groups: Int64(part.groups), page_table_stride: Int64(part.tableStride),
                query_stride: Int64(query.rowStride), output_stride: Int64(output.rowStride),
                longest: Int64(part.longest), scale: Self.scale, type: query.type.kernelType))
    }
}
