/// One weight of a checkpoint: a name, a shape and a view of the mapped file, which it keeps alive.
///
/// The shape is row-major, as the weight is used: linears are `[out, in]`, convolutions `[out, in, taps]`.
package struct Tensor: Sendable {
    /// The canonical name, `encoder.blocks.0.attn.query.weight`.
    package let name: String
    package let shape: [Int]
    let values: StoredArray
    /// One scale a row for `int8`, otherwise `nil`.
    let rowScales: StoredArray?

    package var elementType: ElementType { values.elementType }
    package var count: Int { values.count }
    /// The first dimension: what `int8` scales belong to.
    package var rowCount: Int { shape.first ?? 1 }
    /// Bytes in the file, without scales.
    package var byteCount: Int { values.byteCount }

    /// Writes `count` float32 values in row-major order; `int8` rows are divided by their scales.
    package func copyFloat32(to destination: UnsafeMutablePointer<Float>) {
        guard let rowScales, rowCount > 0 else { return values.copyFloat32(to: destination) }
        let rowLength = count / rowCount
        let scales = rowScales.float32Values()
        values.withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            for (row, scale) in scales.enumerated() {
                FloatConversion.int8(
                    source + row * rowLength, count: rowLength, scale: scale, to: destination + row * rowLength)
            }
        }
    }

    /// All values as float32, row-major.
    package func float32Values() -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            if let base = buffer.baseAddress { copyFloat32(to: base) }
            initializedCount = count
        }
    }

    /// The scales of an `int8` tensor, one a row (value = byte / scale); `nil` for the other types.
    package func rowScaleValues() -> [Float]? {
        rowScales?.float32Values()
    }

    /// The elements as they lie in the file: little-endian, of `elementType`, and of no particular alignment.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try values.withUnsafeBytes(body)
    }
}
