import CKernels
import StapesDevice
import StapesTesting

/// An arena with sequences in it, and tokens that attend to them: what `paged_attention` sees.
///
/// The layer is the second of two, keys and values of all layers of a page together, as the engine's arenas have it.
final class PagedWorld {
    struct Token {
        let sequence: Int
        let length: Int
    }

    let tilesPerPage: Int
    let heads: Int
    /// Of the cache.
    let type: ScalarType
    /// Of queries, outputs, and rows that are stored.
    let rowType: ScalarType
    let tokens: [Token]
    private let pages: [[Int32]]
    private let tableStride: Int
    private let arena: Cells
    private let query: Cells
    /// Elements that no live position owns: page 0, the other layer, and what lies behind each sequence's end.
    private let stale: [Int]

    private static let width = Int(STAPES_HEAD_WIDTH)
    private static let tile = Int(STAPES_TILE)
    private static let layers = 2

    private var headStride: Int { tilesPerPage * Self.tile * Self.width }
    private var pageStride: Int { Self.layers * 2 * heads * headStride }
    private var positionsPerPage: Int { tilesPerPage * Self.tile }
    private var keysOffset: Int { 2 * heads * headStride }
    private var queryStride: Int { heads * Self.width + 8 }

    /// - Parameters:
    ///   - lengths: of the tokens of each sequence; the sequence is as long as its longest.
    ///   - sharpness: spread of the scores.
    init(
        tilesPerPage: Int, heads: Int, type: ScalarType, rowType: ScalarType? = nil, lengths: [[Int]],
        sharpness: Float = 1, using generator: inout SeededGenerator
    ) {
        self.tilesPerPage = tilesPerPage
        self.heads = heads
        self.type = type
        self.rowType = rowType ?? type
        tokens = lengths.enumerated().flatMap { sequence, lengths in
            lengths.map { Token(sequence: sequence, length: $0) }
        }
        let positions = tilesPerPage * Self.tile
        let counts = lengths.map { (($0.max() ?? 1) + positions - 1) / positions }
        let pageCount = counts.reduce(3, +)
        var free = (1..<Int32(pageCount)).shuffled(using: &generator)
        pages = counts.map { count in
            defer { free.removeFirst(count) }
            return Array(free.prefix(count))
        }
        tableStride = (counts.max() ?? 0) + 2
        let headStride = positions * Self.width
        let pageStride = Self.layers * 2 * heads * headStride
        arena = Cells(random: pageCount * pageStride, type: type, scale: 1.5, using: &generator)
        query = Cells(
            random: tokens.count * (heads * Self.width + 8), type: self.rowType, scale: sharpness, using: &generator)
        var live = [Bool](repeating: false, count: pageCount * pageStride)
        let keys = 2 * heads * headStride
        for (sequence, lengths) in lengths.enumerated() {
            for position in 0..<(lengths.max() ?? 0) {
                for head in 0..<heads {
                    let base =
                        Int(pages[sequence][position / positions]) * pageStride + keys + head * headStride + position
                        % positions / Self.tile * Self.tile * Self.width
                    let lane = position % Self.tile
                    for d in 0..<Self.width {
                        live[base + d * Self.tile + lane] = true
                        live[base + heads * headStride + lane * Self.width + d] = true
                    }
                }
            }
        }
        stale = live.indices.filter { !live[$0] }
    }

    func poison(_ value: Float) { for index in stale { arena[index] = value } }

    var cache: stapes_kv_layer {
        let keys = arena.pointer + keysOffset * type.byteCount
        return stapes_kv_layer(
            keys: keys, values: keys + heads * headStride * type.byteCount, page_stride: Int64(pageStride),
            head_stride: Int64(headStride), tiles_per_page: Int64(tilesPerPage), heads: Int64(heads),
            type: type.kernelType)
    }

    /// The output [tokens, heads * 64] with groups of at most `group` tokens; tokens outside `only` stay untouched.
    func attend(group: Int, only: Range<Int>? = nil, on stream: StapesDevice.Stream) -> Cells {
        let plan = plan(group: group, only: only)
        attend(plan, on: stream)
        return plan.output
    }

    /// What a call of the kernel reads and writes besides the arena, made once for any number of calls.
    struct Plan {
        let groups: Int
        let longest: Int
        let firsts, counts, rows, lengths, table: Integers
        let output: Cells
    }

    func plan(group: Int, only: Range<Int>? = nil) -> Plan {
        var firsts: [Int32] = []
        var counts: [Int32] = []
        var rows: [Int32] = []
        for index in only ?? 0..<tokens.count {
            let sequence = Int32(tokens[index].sequence)
            if rows.last == sequence, Int(counts[counts.count - 1]) < group {
                counts[counts.count - 1] += 1
            } else {
                firsts.append(Int32(index))
                counts.append(1)
                rows.append(sequence)
            }
        }
        // A group of no tokens is padding, and points to the reserved page.
        firsts.append(0)
        counts.append(0)
        rows.append(0)
        var table = [Int32](repeating: 0, count: pages.count * tableStride)
        for (row, pages) in pages.enumerated() {
            for (column, page) in pages.enumerated() { table[row * tableStride + column] = page }
        }
        return Plan(
            groups: firsts.count, longest: tokens.map(\.length).max() ?? 1, firsts: Integers(firsts),
            counts: Integers(counts), rows: Integers(rows), lengths: Integers(tokens.map { Int32($0.length) }),
            table: Integers(table),
            output: Cells([Float](repeating: 9, count: tokens.count * heads * Self.width), type: rowType))
    }

    func attend(_ plan: Plan, on stream: StapesDevice.Stream) {
        defer { withExtendedLifetime((plan, query)) {} }
        stream.launch(
            stream.kernels.pagedAttention,
            stapes_paged_attention_arguments(
                cache: cache, query: query.pointer, output: plan.output.pointer, group_firsts: plan.firsts.pointer,
                group_counts: plan.counts.pointer, group_rows: plan.rows.pointer, lengths: plan.lengths.pointer,
                page_table: plan.table.pointer, groups: Int64(plan.groups), page_table_stride: Int64(tableStride),
                query_stride: Int64(queryStride), output_stride: Int64(heads * Self.width),
                longest: Int64(plan.longest), scale: 1 / Float(Self.width).squareRoot(), type: rowType.kernelType))
    }

    /// Writes rows of `key` and `value` at positions of a sequence, as the engine does.
    func store(_ key: Cells, _ value: Cells, slots: [Int32], stride: Int, on stream: StapesDevice.Stream) {
        let places = Integers(slots)
        defer { withExtendedLifetime((key, value, places)) {} }
        stream.launch(
            stream.kernels.storeKV,
            stapes_store_kv_arguments(
                cache: cache, key: key.pointer, value: value.pointer, slots: places.pointer, rows: Int64(slots.count),
                key_stride: Int64(stride), value_stride: Int64(stride), type: rowType.kernelType))
    }

    var slotCount: Int { arena.count / pageStride * positionsPerPage }
    var arenaBytes: [UInt8] { arena.bytes }
}
