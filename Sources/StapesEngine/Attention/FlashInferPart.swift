import CUDADriver
import StapesDevice

/// One arena's part of FlashInfer's planning.
final class FlashInferPart {
    /// Where each row's pages end in the list, the list itself, and positions in each row's last page.
    private let pageEnds: StaticSlot
    private let pageList: StaticSlot
    private let lastPageLengths: StaticSlot
    private let capacity: Int
    private let shape: FlashInferShape
    private let library: FlashInferLibrary
    private let workspace: FlashInferWorkspace
    private let stream: Stream
    private(set) var plan = stapes_flashinfer_plan()
    /// What the plan was made for; nil when the pages have changed since.
    private var planned: stapes_flashinfer_shape?

    /// - Parameters:
    ///   - pages: the most pages of a row.
    ///   - capturedLength: positions of a row while graphs are captured.
    init(
        _ arena: String, rows: Int, pages: Int, capturedLength: Int, shape: FlashInferShape,
        library: FlashInferLibrary, memory: FlashInferWorkspace, registry: SlotRegistry, on stream: Stream
    ) throws(DeviceError) {
        self.shape = shape
        self.library = library
        workspace = memory
        self.stream = stream
        capacity = pages
        let tile = KVLayout.tilePositions
        let captured = (capturedLength + tile - 1) / tile
        pageEnds = try StaticSlot(
            arena + " page end", domain: .row, count: rows, capture: .after(Int32(captured)), padding: .after(1),
            followsZero: true, in: registry)
        pageList = try StaticSlot(
            arena + " page list", domain: .row, count: rows, width: pages, capture: .value(0), padding: .value(0),
            in: registry)
        lastPageLengths = try StaticSlot(
            arena + " last page length", domain: .row, count: rows,
            capture: .value(Int32(capturedLength - (captured - 1) * tile)), padding: .value(1), in: registry)
    }

    var pages: UnsafePointer<Int32> { pageList.pointer }
    var boundaries: UnsafePointer<Int32> { pageEnds.boundaries }
    var lastLengths: UnsafePointer<Int32> { lastPageLengths.pointer }

    /// Lists the pages of rows of so many positions.
    ///
    /// - Parameter page: of a row, the one that holds its n-th sixteen positions.
    func bind(_ lengths: [Int], page: (_ row: Int, _ tile: Int) -> Int32) {
        let tile = KVLayout.tilePositions
        var end = 0
        for (row, length) in lengths.enumerated() {
            let count = (length + tile - 1) / tile
            precondition(count > 0 && count <= capacity, "a length outside its arena")
            for index in 0..<count { set(page(row, index), at: end + index) }
            end += count
            if pageEnds[row] != Int32(end) {
                pageEnds[row] = Int32(end)
                planned = nil
            }
            lastPageLengths[row] = Int32(length - (count - 1) * tile)
        }
        // Padded rows have a page each, behind the live ones': the reserved one.
        let room = pageList.count * capacity
        for index in end..<min(room, end + pageList.count - lengths.count) { set(0, at: index) }
    }

    private func set(_ page: Int32, at index: Int) { pageList[index / capacity, index % capacity] = page }

    /// Plans for the first rows, as the slots have them, unless that was planned already.
    ///
    /// - Parameter queries: of prefill, where those of each row end, and room for how many there is.
    func prepare(
        rows: Int, inGraph: Bool, queries: (ends: UnsafePointer<Int32>, tokens: Int)?
    ) throws(DeviceError) {
        var wanted = shape.with(rows: rows, inGraph: inGraph)
        // Queries of a prefill are new every time.
        if queries == nil, let planned, planned.batch == wanted.batch, planned.graph == wanted.graph { return }
        var memory = workspace.next()
        try stream.prepare { (handle) throws(DeviceError) in
            let stream = UnsafeMutableRawPointer(handle)
            let result =
                if let queries {
                    library.functions.prefill_plan(
                        &wanted, queries.ends, pageEnds.hostBoundaries, Int32(queries.tokens), &memory, stream, &plan)
                } else {
                    library.functions.decode_plan(&wanted, pageEnds.hostBoundaries, &memory, stream, &plan)
                }
            try library.check(result)
        }
        workspace.markCopied(on: stream)
        planned = wanted
    }

    /// What a run launches: one kernel, and a second where rows were cut.
    func kernels(isDecode: Bool) -> [Kernel] {
        let isCut = isDecode ? plan.numbers.9 != 0 : plan.numbers.14 != 0
        let attention = isDecode ? FlashInferLibrary.decodeKernel : FlashInferLibrary.prefillKernel
        return isCut ? [attention, FlashInferLibrary.mergeKernel] : [attention]
    }
}

/// Memory of one plan. Its numbers are copied to the device from page-locked memory, which is written again only when the
/// copy out of it is done.
final class FlashInferWorkspace {
    /// One for each step in flight, and one to write.
    private static let depth = 3
    private let floats: UnsafeMutableRawPointer
    private let ints: Buffer
    private let host: Buffer
    private let marks: [StreamMark]
    private let sizes: stapes_flashinfer_sizes
    private var turn = 0

    init(floats: UnsafeMutableRawPointer, sizes: stapes_flashinfer_sizes, on stream: Stream) throws(DeviceError) {
        self.floats = floats
        self.sizes = sizes
        ints = try Buffer(byteCount: Int(sizes.int_bytes), on: stream)
        host = try Buffer(hostByteCount: Self.depth * Self.stride(sizes), for: stream)
        var marks: [StreamMark] = []
        for _ in 0..<Self.depth { marks.append(try StreamMark(for: stream)) }
        self.marks = marks
    }

    private static func stride(_ sizes: stapes_flashinfer_sizes) -> Int { (Int(sizes.int_bytes) + 15) / 16 * 16 }

    func next() -> stapes_flashinfer_workspace {
        turn = (turn + 1) % Self.depth
        marks[turn].wait()
        return stapes_flashinfer_workspace(
            floats: floats, ints: ints.pointer, host_ints: host.pointer + turn * Self.stride(sizes), sizes: sizes)
    }

    func markCopied(on stream: Stream) { stream.set(marks[turn]) }
}
