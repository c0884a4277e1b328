import CKernels
import StapesDevice

/// The shape of one arena's pages: keys and values of every decoder layer for some positions of one sequence.
package struct KVLayout: Sendable, Hashable {
    package static let tilePositions = Int(STAPES_TILE)
    /// Of every Whisper model; the kernels are written for it.
    package static let headWidth = Int(STAPES_HEAD_WIDTH)

    package let layers: Int
    package let heads: Int
    package let tilesPerPage: Int
    package let type: ScalarType

    package init(layers: Int, heads: Int, positionsPerPage: Int, type: ScalarType) {
        self.layers = layers
        self.heads = heads
        tilesPerPage = (positionsPerPage + Self.tilePositions - 1) / Self.tilePositions
        self.type = type
    }

    /// Positions that a page has room for: the ones asked for, rounded up to whole tiles.
    package var positionsPerPage: Int { tilesPerPage * Self.tilePositions }
    /// Elements of one head's keys (or values) in a page.
    var headStride: Int { positionsPerPage * Self.headWidth }
    /// Elements of a page over all layers.
    var pageStride: Int { layers * 2 * heads * headStride }

    package var bytesPerPage: Int { pageStride * type.byteCount }
}

/// Keys and values on the device: the self arena (pages of 16 tokens) or the cross arena (a page a window).
///
/// `[page, layer, key or value, head, tile, ...]`; see `stapes_kv_layer` for a tile.
package final class KVArena {
    package let layout: KVLayout
    package let pageCount: Int
    private let memory: Buffer
    private let stream: Stream

    /// - Parameter stream: of the device that the arena is on.
    package init(layout: KVLayout, pageCount: Int, on stream: Stream) throws(DeviceError) {
        self.stream = stream
        self.layout = layout
        self.pageCount = pageCount
        memory = try Buffer(byteCount: layout.bytesPerPage * pageCount, on: stream)
    }

    package var byteCount: Int { memory.byteCount }

    /// The first page, for kernels.
    var pages: UnsafeMutableRawPointer { memory.pointer }

    /// What a page holds, for tests and measurements.
    package func read(page: Int) -> [UInt8] {
        precondition(page >= 0 && page < pageCount, "a page of the arena")
        let source = UnsafePointer(memory.start(of: UInt8.self)) + page * layout.bytesPerPage
        return [UInt8](unsafeUninitializedCapacity: layout.bytesPerPage) { bytes, count in
            count = layout.bytesPerPage
            stream.read(source, count: count, into: bytes.baseAddress!)
        }
    }

    /// Gives a page other contents, for tests and measurements.
    package func write(_ bytes: [UInt8], page: Int) {
        precondition(page >= 0 && page < pageCount && bytes.count == layout.bytesPerPage, "a page of the arena")
        stream.write(bytes, count: bytes.count, to: memory.start(of: UInt8.self) + page * layout.bytesPerPage)
        // Windows are written on another stream.
        stream.synchronize()
    }

    func layer(_ index: Int) -> stapes_kv_layer {
        let plane = layout.heads * layout.headStride * layout.type.byteCount
        let keys = memory.pointer + 2 * index * plane
        return stapes_kv_layer(
            keys: keys, values: keys + plane, page_stride: Int64(layout.pageStride),
            head_stride: Int64(layout.headStride), tiles_per_page: Int64(layout.tilesPerPage),
            heads: Int64(layout.heads), type: layout.type.kernelType)
    }
}

/// The two arenas of the engine.
package struct KVPool {
    package let selfArena: KVArena
    package let crossArena: KVArena
}
