extension Tensor {
    /// Elements that a slab holds, where a row has no more.
    private static let slabCount = 1 << 18

    /// Calls `body` with the float32 values of whole rows, in order, about a megabyte at a time, and drops the file's
    /// pages in the end.
    ///
    /// - Parameter limit: what no magnitude exceeds.
    /// - Throws: `malformedFile` for a number beyond `limit`, or that is none; what `body` throws.
    func withFloat32Slabs(
        limit: Float, _ body: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let rowLength = rowCount > 0 ? count / rowCount : 0
        let rowsOfSlab = min(rowCount, max(1, Self.slabCount / max(rowLength, 1)))
        let slab = UnsafeMutableBufferPointer<Float>.allocate(capacity: rowsOfSlab * rowLength)
        defer {
            slab.deallocate()
            dropPages()
        }
        guard let base = slab.baseAddress, rowLength > 0 else { return }
        for first in stride(from: 0, to: rowCount, by: rowsOfSlab) {
            let rows = first..<min(first + rowsOfSlab, rowCount)
            copyFloat32(rows: rows, to: base)
            let values = UnsafeBufferPointer(start: base, count: rows.count * rowLength)
            guard values.allSatisfy({ abs($0) <= limit }) else {
                throw ModelError(.malformedFile, "\(name) holds a number beyond \(limit), or one that is none")
            }
            try body(values)
        }
    }
}
