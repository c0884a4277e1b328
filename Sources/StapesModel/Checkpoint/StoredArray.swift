/// A run of elements inside a mapped file, without a shape. Its range was checked against the file when it was made.
struct StoredArray: Sendable {
    let file: MappedFile
    let byteOffset: Int
    let count: Int
    let elementType: ElementType

    var byteCount: Int { count * elementType.byteCount }

    /// Elements `range` of this array.
    func slice(_ range: Range<Int>) -> StoredArray {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "slice lies inside its array")
        return StoredArray(
            file: file, byteOffset: byteOffset + range.lowerBound * elementType.byteCount, count: range.count,
            elementType: elementType)
    }

    func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try file.withUnsafeBytes { (bytes) throws(Failure) -> Result in
            try body(UnsafeRawBufferPointer(rebasing: bytes[byteOffset..<byteOffset + byteCount]))
        }
    }

    /// Writes `count` values. Bytes of an `int8` array come out as whole numbers: the scales are the caller's.
    func copyFloat32(to destination: UnsafeMutablePointer<Float>) {
        withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            switch elementType {
            case .float32: FloatConversion.float32(source, count: count, to: destination)
            case .float16: FloatConversion.float16(source, count: count, to: destination)
            case .bfloat16: FloatConversion.bfloat16(source, count: count, to: destination)
            case .int8: FloatConversion.int8(source, count: count, scale: 1, to: destination)
            }
        }
    }

    func float32Values() -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            if let base = buffer.baseAddress { copyFloat32(to: base) }
            initializedCount = count
        }
    }
}
