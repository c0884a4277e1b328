import CKernels
import StapesDevice

/// Copies pages of the self arena where beams part.
final class PageCopier {
    private let arena: KVArena
    private let stream: Stream
    private let capacity: Int
    private let from: Buffer
    private let to: Buffer

    /// - Parameter capacity: the most copies at a time.
    init(arena: KVArena, capacity: Int, stream: Stream) throws(DeviceError) {
        self.arena = arena
        self.stream = stream
        self.capacity = capacity
        from = try Buffer(of: Int32.self, count: capacity, on: stream)
        to = try Buffer(of: Int32.self, count: capacity, on: stream)
    }

    func run(_ copies: [BeamPages.Copy]) {
        guard !copies.isEmpty else { return }
        precondition(copies.count <= capacity, "a row needs one copy at most")
        let sources = from.pointer.assumingMemoryBound(to: Int32.self)
        let targets = to.pointer.assumingMemoryBound(to: Int32.self)
        stream.write(copies.map(\.from), count: copies.count, to: sources)
        stream.write(copies.map(\.to), count: copies.count, to: targets)
        stream.launch(
            stream.kernels.copyPages,
            stapes_copy_pages_arguments(
                pages: arena.pages, from: sources, to: targets, count: Int64(copies.count),
                page_bytes: Int64(arena.layout.bytesPerPage)))
    }
}
