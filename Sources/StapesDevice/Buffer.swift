#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Memory that frees itself: the host's, or the device's that a stream belongs to. It starts as zeros, and pages of the
/// host's that nobody has written take no memory.
package struct Buffer: ~Copyable {
    /// On a GPU an address that only the GPU can look at.
    package let pointer: UnsafeMutableRawPointer
    package let byteCount: Int
    private let owner: Owner

    private enum Owner {
        case mapping
        case device(CUDAContext)
        case pinned(CUDAContext)
    }

    /// Memory of the host.
    ///
    /// - Throws: `outOfMemory`.
    package init(byteCount: Int) throws(DeviceError) {
        let size = max(byteCount, 1)
        self.init(try Self.map(size), size, .mapping)
    }

    private init(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int, _ owner: Owner) {
        self.pointer = pointer
        self.byteCount = byteCount
        self.owner = owner
    }

    /// Memory of the stream's device.
    ///
    /// - Throws: `outOfMemory`.
    package init(byteCount: Int, on stream: Stream) throws(DeviceError) {
        guard let queue = stream.queue else {
            try self.init(byteCount: byteCount)
            return
        }
        let size = max(byteCount, 1)
        self.init(try queue.context.allocate(size), size, .device(queue.context))
        queue.zero(pointer, byteCount: size)
    }

    /// Memory of the host that the stream's device reads and writes by itself.
    ///
    /// - Throws: `outOfMemory`.
    package init(hostByteCount byteCount: Int, for stream: Stream) throws(DeviceError) {
        guard let queue = stream.queue else {
            try self.init(byteCount: byteCount)
            return
        }
        let size = max(byteCount, 1)
        self.init(try queue.context.allocatePinned(size), size, .pinned(queue.context))
        pointer.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    }

    package init<T: BitwiseCopyable>(of type: T.Type, count: Int) throws(DeviceError) {
        try self.init(byteCount: count * MemoryLayout<T>.stride)
    }

    package init<T: BitwiseCopyable>(of type: T.Type, count: Int, on stream: Stream) throws(DeviceError) {
        try self.init(byteCount: count * MemoryLayout<T>.stride, on: stream)
    }

    private static func map(_ size: Int) throws(DeviceError) -> UnsafeMutableRawPointer {
        guard
            let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else {
            throw DeviceError(.outOfMemory, "no memory for a buffer of \(size) bytes")
        }
        #if os(Linux)
            // Weights and caches are read end to end at every step: with 4 KiB pages one thread reads a third less.
            if size >= 2 << 20 { madvise(memory, size, MADV_HUGEPAGE) }
        #endif
        return memory
    }

    deinit {
        switch owner {
        case .mapping: munmap(pointer, byteCount)
        case .device(let context): context.free(pointer, byteCount)
        case .pinned(let context): context.freePinned(pointer)
        }
    }

    /// The values, for memory of the host.
    package func bound<T: BitwiseCopyable>(to type: T.Type) -> UnsafeMutableBufferPointer<T> {
        let count = byteCount / MemoryLayout<T>.stride
        return UnsafeMutableBufferPointer(start: pointer.bindMemory(to: type, capacity: count), count: count)
    }

    /// The address, for whoever hands it to a kernel.
    package func start<T: BitwiseCopyable>(of type: T.Type = T.self) -> UnsafeMutablePointer<T> {
        pointer.assumingMemoryBound(to: T.self)
    }
}
