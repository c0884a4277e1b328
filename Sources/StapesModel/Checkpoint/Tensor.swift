import Glibc
import StapesDevice

/// One weight of a checkpoint: a name, a shape and its values, which are a view of the mapped file, which it keeps
/// alive, or computed when they are copied.
///
/// Blocks of a ggml file count as computed: their type is the float32 that they are unpacked to, and no bytes of it lie
/// anywhere.
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
        case blocks(BlockArray)
        case generated(GeneratedArray)
    }

    /// - Parameter rowScales: one scale a row for `int8`, otherwise `nil`.
    init(name: String, shape: [Int], values: StoredArray, rowScales: StoredArray?) {
        self.name = name
        self.shape = shape
        source = .stored(values, rowScales: rowScales)
    }

    /// - Parameter values: whole blocks make a row.
    init(name: String, shape: [Int], values: BlockArray) {
        self.name = name
        self.shape = shape
        source = .blocks(values)
    }

    init(name: String, shape: [Int], values: GeneratedArray) {
        self.name = name
        self.shape = shape
        source = .generated(values)
    }

    package var elementType: ElementType {
        switch source {
        case .stored(let values, _): values.elementType
        case .blocks, .generated: .float32
        }
    }

    /// What a device makes the values from, if they are computed from a seed.
    package var generatedValues: GeneratedValues? {
        guard case .generated(let values) = source else { return nil }
        return values.values
    }

    package var count: Int {
        switch source {
        case .stored(let values, _): values.count
        case .blocks(let values): values.count
        case .generated(let values): values.count
        }
    }

    /// How the weight is packed in a ggml file; nil for plain numbers.
    package var blockFormat: BlockFormat? {
        guard case .blocks(let values) = source else { return nil }
        return values.format
    }

    /// The first dimension: what `int8` scales belong to.
    package var rowCount: Int { shape.first ?? 1 }
    /// Bytes in the file, without an `int8` weight's scales; 0 for a weight of random values.
    package var byteCount: Int { withStoredBytes { $0.count } }

    /// Writes `count` float32 values in row-major order; `int8` rows are divided by their scales.
    package func copyFloat32(to destination: UnsafeMutablePointer<Float>) {
        copyFloat32(rows: 0..<rowCount, to: destination)
    }

    /// Writes the float32 values of some rows: those of all rows take more memory than some have for a weight.
    package func copyFloat32(rows: Range<Int>, to destination: UnsafeMutablePointer<Float>) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "the rows are the weight's")
        let rowLength = rowCount > 0 ? count / rowCount : 0
        let range = rows.lowerBound * rowLength..<rows.upperBound * rowLength
        switch source {
        case .blocks(let values): values.copyFloat32(range, to: destination)
        case .generated(let values): values.copyFloat32(range, to: destination)
        case .stored(let values, rowScales: let scales?):
            copyRows(of: values.slice(range), scales: scales.slice(rows).float32Values(), to: destination)
        case .stored(let values, _): values.slice(range).copyFloat32(to: destination)
        }
    }

    private func copyRows(of values: StoredArray, scales: [Float], to destination: UnsafeMutablePointer<Float>) {
        let rowLength = values.count / max(scales.count, 1)
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
        case .blocks, .generated: try body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    /// What lies in the file, whatever it is.
    private func withStoredBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch source {
        case .stored(let values, _): try values.withUnsafeBytes(body)
        case .blocks(let values): try values.withUnsafeBytes(body)
        case .generated: try body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    /// Says that the values were read and are not wanted soon: whole pages of them leave this process's memory. The
    /// file has them still, so that reading them again is slower and nothing else.
    package func dropPages() {
        withStoredBytes { bytes in
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
