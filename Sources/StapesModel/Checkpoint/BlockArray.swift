/// A run of blocks inside a mapped file, without a shape. Its range was checked against the file when it was made.
struct BlockArray: Sendable {
    let file: MappedFile
    let byteOffset: Int
    /// Elements, a multiple of a block's.
    let count: Int
    let format: BlockFormat

    var byteCount: Int { count / BlockFormat.length * format.byteCount }

    /// Writes elements `range`, which begins and ends with a block.
    func copyFloat32(_ range: Range<Int>, to destination: UnsafeMutablePointer<Float>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range lies inside its array")
        precondition(
            range.lowerBound % BlockFormat.length == 0 && range.upperBound % BlockFormat.length == 0,
            "the range begins and ends with a block")
        let blocks = range.lowerBound / BlockFormat.length..<range.upperBound / BlockFormat.length
        withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            format.dequantize(
                source + blocks.lowerBound * format.byteCount, blockCount: blocks.count, to: destination)
        }
    }

    func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try file.withUnsafeBytes { (bytes) throws(Failure) -> Result in
            try body(UnsafeRawBufferPointer(rebasing: bytes[byteOffset..<byteOffset + byteCount]))
        }
    }
}
