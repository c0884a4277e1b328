import Glibc

/// One weight of a checkpoint: a name, a shape and its values, which are a view of the mapped file, which it keeps
/// alive, or computed when they are copied.
///
/// The shape is row-major, as the weight is used: linears are `[out, in]`, convolutions `[out, in, taps]`.
package struct Tensor: Sendable {
    /// The canonical name, `encoder.blocks.0.attn.query.weight`.
    package let name: String
    package let shape: [Int]
    private let source: Source

    private enum Source: Sendable {
        /// With one scale a row for `int8`.
        case stored(StoredArray, rowScales: StoredArray?)
        case generated(GeneratedArray)
    }

    /// - Parameter rowScales: one scale a row for `int8`, otherwise `nil`.
    init(name: String, shape: [Int], values: StoredArray, rowScales: StoredArray?) {
        self.name = name
        self.shape = shape
        source = .stored(values, rowScales: rowScales)
    }

    init(name: String, shape: [Int], values: GeneratedArray) {
        self.name = name
        self.shape = shape
        source = .generated(values)
    }

    package var elementType: ElementType {
        switch source {
        case .stored(let values, _): values.elementType
        case .generated: .float32
        }
    }

    package var count: Int {
        switch source {
        case .stored(let values, _): values.count
        case .generated(let values): values.count
        }
    }

    /// The first dimension: what `int8` scales belong to.
    package var rowCount: Int { shape.first ?? 1 }
    /// Bytes in the file, without scales; 0 for a weight that is computed.
    package var byteCount: Int { withUnsafeBytes { $0.count } }

    /// Writes `count` float32 values in row-major order; `int8` rows are divided by their scales.
    package func copyFloat32(to destination: UnsafeMutablePointer<Float>) {
        switch source {
        case .generated(let values): values.copyFloat32(0..<values.count, to: destination)
        case .stored(let values, rowScales: let scales?) where rowCount > 0:
            copyRows(of: values, scales: scales.float32Values(), to: destination)
        case .stored(let values, _): values.copyFloat32(to: destination)
        }
    }

    private func copyRows(of values: StoredArray, scales: [Float], to destination: UnsafeMutablePointer<Float>) {
        let rowLength = count / rowCount
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
        guard case .stored(_, let rowScales?) = source else { return nil }
        return rowScales.float32Values()
    }

    /// The elements as they lie in the file: little-endian, of `elementType`, and of no particular alignment. A weight
    /// that is computed lies nowhere: it has no bytes.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch source {
        case .stored(let values, _): try values.withUnsafeBytes(body)
        case .generated: try body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    /// Says that the values were read and are not wanted soon: whole pages of them leave this process's memory. The
    /// file has them still, so that reading them again is slower and nothing else.
    package func dropPages() {
        guard case .stored(let values, _) = source else { return }
        values.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            let page = UInt(getpagesize())
            let begin = (UInt(bitPattern: base) + page - 1) / page * page
            let end = (UInt(bitPattern: base) + UInt(bytes.count)) / page * page
            if begin < end, let first = UnsafeMutableRawPointer(bitPattern: begin) {
                madvise(first, Int(end - begin), MADV_DONTNEED)
            }
        }
    }
}
