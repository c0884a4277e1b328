#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Device memory that frees itself. It starts as zeros, and pages of it that nobody has written take no memory.
package struct Buffer: ~Copyable {
    package let pointer: UnsafeMutableRawPointer
    package let byteCount: Int

    /// - Throws: `outOfMemory`.
    package init(byteCount: Int) throws(DeviceError) {
        let size = max(byteCount, 1)
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
        pointer = memory
        self.byteCount = size
    }

    package init<T: BitwiseCopyable>(of type: T.Type, count: Int) throws(DeviceError) {
        try self.init(byteCount: count * MemoryLayout<T>.stride)
    }

    deinit { munmap(pointer, byteCount) }

    package func bound<T: BitwiseCopyable>(to type: T.Type) -> UnsafeMutableBufferPointer<T> {
        let count = byteCount / MemoryLayout<T>.stride
        return UnsafeMutableBufferPointer(start: pointer.bindMemory(to: type, capacity: count), count: count)
    }
}
