import CKernels
import StapesDevice
import StapesModel

// What the backends' launches have in common.
extension AttentionBackend {
    var scale: Float { 1 / Float(STAPES_HEAD_WIDTH).squareRoot() }

    func cache(_ layer: AttentionLayer, _ pool: KVPool) -> stapes_kv_layer {
        (layer.kind == .decoderCross ? pool.crossArena : pool.selfArena).layer(layer.index)
    }

    /// Every position of a window attends to every other of the same window. Windows lie one after the other.
    ///
    /// - Parameter kernels: whose kernel does it; nil takes the stream's.
    func attend(
        windows: Int, query: MatrixView, key: MatrixView, value: MatrixView, into output: MatrixView,
        by kernels: KernelTable? = nil, on stream: Stream
    ) {
        precondition(windows > 0 && query.rows % windows == 0, "windows of one length")
        precondition(query.rowStride == key.rowStride && key.rowStride == value.rowStride, "one stride serves all")
        stream.launch(
            (kernels ?? stream.kernels).encoderAttention,
            stapes_encoder_attention_arguments(
                query: query.pointer, key: key.pointer, value: value.pointer, output: output.pointer,
                windows: Int64(windows), frames: Int64(query.rows / windows),
                heads: Int64(query.columns) / Int64(STAPES_HEAD_WIDTH),
                stride: Int64(query.rowStride), output_stride: Int64(output.rowStride), scale: scale,
                type: query.type.kernelType))
    }

    /// Writes keys and values [T, width] to the slots [T] of a layer's cache.
    func storeKeys(
        _ key: MatrixView, _ value: MatrixView, at slots: UnsafePointer<Int32>, in cache: stapes_kv_layer,
        by kernels: KernelTable, on stream: Stream
    ) {
        precondition(
            key.type == value.type
                && (key.type == .float32 || key.type.kernelType == cache.type || cache.type == STAPES_FLOAT8),
            "the arena holds another type")
        stream.launch(
            kernels.storeKV,
            stapes_store_kv_arguments(
                cache: cache, key: key.pointer, value: value.pointer, slots: slots, rows: Int64(key.rows),
                key_stride: Int64(key.rowStride), value_stride: Int64(value.rowStride), type: key.type.kernelType))
    }

    func pagedAttentionArguments(
        _ part: KVPlan, cache: stapes_kv_layer, query: MatrixView, into output: MatrixView
    ) -> stapes_paged_attention_arguments {
        stapes_paged_attention_arguments(
            cache: cache, query: query.pointer, output: output.pointer, group_firsts: part.groupFirsts,
            group_counts: part.groupCounts, group_rows: part.groupRows, lengths: part.lengths,
            page_table: part.pageTable, groups: Int64(part.groups), page_table_stride: Int64(part.tableStride),
            query_stride: Int64(query.rowStride), output_stride: Int64(output.rowStride),
            longest: Int64(part.longest), scale: scale, type: query.type.kernelType)
    }
}
