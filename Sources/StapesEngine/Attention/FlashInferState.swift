import CKernels
import CUDADriver
import StapesDevice
import StapesModel

/// FlashInfer's index arrays and plans for one kind of step: one plan from decoder lengths, one from encoder lengths.
///
/// A plan is made anew when pages come or go, not with every token: in a page its kernels look at the length alone.
final class FlashInferState: AttentionState {
    private let isDecode: Bool
    private let library: FlashInferLibrary
    private let selfPart: FlashInferPart
    private let crossPart: FlashInferPart
    /// Where the queries of each row end. A decode step's rows have one each, of which nobody needs to be told.
    private let queryEnds: StaticSlot?
    /// Tiles from one block of the cross arena to the next, all layers and heads counted.
    private let blockTiles: Int

    init(
        _ extent: AttentionExtent, shape: FlashInferShape, library: FlashInferLibrary,
        floats: UnsafeMutableRawPointer, sizes: stapes_flashinfer_sizes, registry: SlotRegistry, on stream: Stream
    ) throws(DeviceError) {
        isDecode = extent.padding == .rows
        self.library = library
        let tile = KVLayout.tilePositions
        let tiles = (extent.audioContext + tile - 1) / tile
        blockTiles = shape.layers * 2 * shape.heads * tiles
        // Padded rows of a prefill ask for nothing.
        queryEnds =
            isDecode
            ? nil
            : try StaticSlot(
                "query end", domain: .row, count: extent.rows, capture: .after(1), padding: .after(0),
                followsZero: true, in: registry)
        func part(_ arena: String, pages: Int, captured: Int) throws(DeviceError) -> FlashInferPart {
            try FlashInferPart(
                arena, rows: extent.rows, pages: pages, capturedLength: captured, shape: shape, library: library,
                memory: FlashInferWorkspace(floats: floats, sizes: sizes, on: stream), registry: registry, on: stream)
        }
        selfPart = try part("self", pages: extent.pages, captured: 1)
        crossPart = try part("cross", pages: tiles, captured: extent.audioContext)
    }

    func bind(_ batch: AttentionBatch, membersChanged: Bool) {
        if let queryEnds {
            var end: Int32 = 0
            for (index, row) in batch.rows.enumerated() {
                end += Int32(row.tokens)
                queryEnds[index] = end
            }
        }
        selfPart.bind(batch.rows.map { $0.context + $0.tokens }) { row, tile in batch.rows[row].pages[tile] }
        guard membersChanged else { return }
        // A block is one page of ours and a run of tiles for FlashInfer, whose pages are all of 16 positions.
        crossPart.bind(batch.rows.map(\.encoderLength)) { [blockTiles] row, tile in
            Int32(Int(batch.rows[row].block) * blockTiles + tile)
        }
    }

    func prepare(_ size: StepSize, inGraph: Bool) throws(DeviceError) {
        let queries = queryEnds.map { (ends: $0.hostBoundaries, tokens: size.tokens) }
        try selfPart.prepare(rows: size.rows, inGraph: inGraph, queries: queries)
        try crossPart.prepare(rows: size.rows, inGraph: inGraph, queries: queries)
    }

    func run(
        _ layer: AttentionLayer, cache: stapes_kv_layer, query: MatrixView, into output: MatrixView, scale: Float,
        on stream: Stream
    ) {
        let isSelf = layer.kind == .decoderSelf
        let part = isSelf ? selfPart : crossPart
        var arguments = stapes_flashinfer_arguments(
            q: query.pointer, q_row_stride: Int64(query.rowStride), output: output.pointer,
            output_row_stride: Int64(output.rowStride), k: cache.keys, v: cache.values,
            page_stride: isSelf ? cache.page_stride : Int64(KVLayout.tilePositions * KVLayout.headWidth),
            head_stride: cache.head_stride, indices: part.pages, indptr: part.boundaries,
            last_page_length: part.lastLengths, scale: scale)
        var plan = part.plan
        let library = library
        stream.launch(library: part.kernels(isDecode: isDecode)) { (handle) throws(DeviceError) in
            let stream = UnsafeMutableRawPointer(handle)
            let result =
                if let queryEnds {
                    library.functions.prefill_run(&plan, &arguments, queryEnds.boundaries, isSelf, stream)
                } else {
                    library.functions.decode_run(&plan, &arguments, stream)
                }
            try library.check(result)
        }
    }
}
