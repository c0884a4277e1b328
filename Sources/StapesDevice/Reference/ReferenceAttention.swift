import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

private let headWidth = Int(STAPES_HEAD_WIDTH)
private let tile = Int(STAPES_TILE)

/// Where the cache holds dimension 0 of `position` of a sequence: keys step by 16, values by 1.
private struct CachePosition {
    let key: Int
    let value: Int

    init(_ cache: stapes_kv_layer, page: Int, positionInPage: Int, head: Int) {
        let base =
            page * Int(cache.page_stride) + head * Int(cache.head_stride) + positionInPage / tile * tile * headWidth
        key = base + positionInPage % tile
        value = base + positionInPage % tile * headWidth
    }
}

func referenceStoreKV(_ a: stapes_store_kv_arguments) {
    let positions = Int(a.cache.tiles_per_page) * tile
    let keys = ReferenceOutput(pointer: a.cache.keys, type: a.cache.type)
    let values = ReferenceOutput(pointer: a.cache.values, type: a.cache.type)
    let key = ReferenceRows(pointer: a.key, type: a.type)
    let value = ReferenceRows(pointer: a.value, type: a.type)
    for row in 0..<Int(a.rows) {
        let slot = Int(a.slots[row])
        for head in 0..<Int(a.cache.heads) {
            let at = CachePosition(
                a.cache, page: slot / positions, positionInPage: slot % positions, head: head)
            for d in 0..<headWidth {
                keys.store(key[row * Int(a.key_stride) + head * headWidth + d], at: at.key + d * tile)
                values.store(value[row * Int(a.value_stride) + head * headWidth + d], at: at.value + d)
            }
        }
    }
}

func referencePagedAttention(_ a: stapes_paged_attention_arguments) {
    let positions = Int(a.cache.tiles_per_page) * tile
    let query = ReferenceRows(pointer: a.query, type: a.type)
    let keys = ReferenceRows(pointer: UnsafeRawPointer(a.cache.keys), type: a.cache.type)
    let values = ReferenceRows(pointer: UnsafeRawPointer(a.cache.values), type: a.cache.type)
    let output = ReferenceOutput(pointer: a.output, type: a.type)
    for group in 0..<Int(a.groups) {
        let pages = a.page_table + Int(a.group_rows[group]) * Int(a.page_table_stride)
        let first = Int(a.group_firsts[group])
        for token in first..<first + Int(a.group_counts[group]) {
            for head in 0..<Int(a.cache.heads) {
                let places = (0..<Int(a.lengths[token])).map { position in
                    CachePosition(
                        a.cache, page: Int(pages[position / positions]), positionInPage: position % positions,
                        head: head)
                }
                let from = token * Int(a.query_stride) + head * headWidth
                attend(
                    count: places.count, scale: Double(a.scale),
                    query: { Double(query[from + $0]) },
                    key: { Double(keys[places[$0].key + $1 * tile]) },
                    value: { Double(values[places[$0].value + $1]) },
                    output: { output.store(Float($1), at: token * Int(a.output_stride) + head * headWidth + $0) })
            }
        }
    }
}

func referenceEncoderAttention(_ a: stapes_encoder_attention_arguments) {
    let query = ReferenceRows(pointer: a.query, type: a.type)
    let key = ReferenceRows(pointer: a.key, type: a.type)
    let value = ReferenceRows(pointer: a.value, type: a.type)
    let output = ReferenceOutput(pointer: a.output, type: a.type)
    let stride = Int(a.stride)
    for window in 0..<Int(a.windows) {
        let first = window * Int(a.frames)
        for head in 0..<Int(a.heads) {
            for frame in first..<first + Int(a.frames) {
                attend(
                    count: Int(a.frames), scale: Double(a.scale),
                    query: { Double(query[frame * stride + head * headWidth + $0]) },
                    key: { Double(key[(first + $0) * stride + head * headWidth + $1]) },
                    value: { Double(value[(first + $0) * stride + head * headWidth + $1]) },
                    output: { output.store(Float($1), at: frame * Int(a.output_stride) + head * headWidth + $0) })
            }
        }
    }
}

func referenceCrossScores(_ a: stapes_cross_scores_arguments) {
    let query = ReferenceRows(pointer: a.query, type: a.type)
    let keys = ReferenceRows(pointer: UnsafeRawPointer(a.cache.keys), type: a.cache.type)
    for index in 0..<Int(a.count) {
        let head = Int(a.heads[index])
        for token in 0..<Int(a.tokens) {
            let from = token * Int(a.query_stride) + head * headWidth
            for position in 0..<Int(a.positions) {
                let place = CachePosition(a.cache, page: Int(a.page), positionInPage: position, head: head)
                let score = (0..<headWidth).reduce(0.0) {
                    $0 + Double(query[from + $1]) * Double(keys[place.key + $1 * tile])
                }
                a.scores[(index * Int(a.tokens) + token) * Int(a.positions) + position] = Float(Double(a.scale) * score)
            }
        }
    }
}

/// softmax(scale * q . k) . v of one query and one head.
private func attend(
    count: Int, scale: Double, query: (_ dimension: Int) -> Double, key: (_ position: Int, _ dimension: Int) -> Double,
    value: (_ position: Int, _ dimension: Int) -> Double, output: (_ dimension: Int, _ value: Double) -> Void
) {
    let scores = (0..<count).map { position in
        scale * (0..<headWidth).reduce(0) { $0 + query($1) * key(position, $1) }
    }
    let maximum = scores.max() ?? 0
    let weights = scores.map { exp($0 - maximum) }
    let total = weights.reduce(0, +)
    for d in 0..<headWidth {
        output(d, (0..<count).reduce(0) { $0 + weights[$1] * value($1, d) } / total)
    }
}
