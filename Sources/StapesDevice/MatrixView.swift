/// Rows in device memory that somebody else owns: `[rows, columns]`, `rowStride` elements from row to row.
package struct MatrixView {
    package let pointer: UnsafeMutableRawPointer
    package let type: ScalarType
    package let rows: Int
    package let columns: Int
    package let rowStride: Int

    package init(_ pointer: UnsafeMutableRawPointer, type: ScalarType, rows: Int, columns: Int, rowStride: Int? = nil) {
        self.pointer = pointer
        self.type = type
        self.rows = rows
        self.columns = columns
        self.rowStride = rowStride ?? columns
    }

    /// The same rows, `count` columns from `first` on.
    package func columns(_ first: Int, _ count: Int) -> MatrixView {
        precondition(first >= 0 && first + count <= columns, "columns outside the matrix")
        return MatrixView(
            pointer + first * type.byteCount, type: type, rows: rows, columns: count, rowStride: rowStride)
    }

    /// `count` rows from `first` on.
    package func rows(_ first: Int, _ count: Int) -> MatrixView {
        precondition(first >= 0 && first + count <= rows, "rows outside the matrix")
        return MatrixView(
            pointer + first * rowStride * type.byteCount, type: type, rows: count, columns: columns,
            rowStride: rowStride)
    }

    /// A matrix of the same shape, `count` elements further.
    func moved(by count: Int) -> MatrixView {
        MatrixView(pointer + count * type.byteCount, type: type, rows: rows, columns: columns, rowStride: rowStride)
    }

    package var float32: UnsafeMutablePointer<Float> {
        precondition(type == .float32, "a float32 matrix is needed here")
        return pointer.assumingMemoryBound(to: Float.self)
    }
}

extension MatrixView {
    /// One row of float32 values.
    package func row(_ index: Int) -> UnsafeBufferPointer<Float> {
        precondition(index >= 0 && index < rows, "a row outside the matrix")
        return UnsafeBufferPointer(start: float32 + index * rowStride, count: columns)
    }
}
