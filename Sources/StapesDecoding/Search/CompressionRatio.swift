import CZlib

/// How repetitive a text is: its bytes divided by their number after compression.
package enum CompressionRatio {
    /// The level is part of the definition: Python's default, which the reference uses.
    private static let level: Int32 = 6

    /// The ratio of a text that has already been stripped; 0 when it is empty.
    package static func of(_ text: String) -> Double {
        var text = text
        return text.withUTF8 { bytes in
            guard let source = bytes.baseAddress, !bytes.isEmpty else { return 0 }
            let bound = compressBound(uLong(bytes.count))
            let compressedCount = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(bound)) { target in
                var count = bound
                let status = compress2(target.baseAddress, &count, source, uLong(bytes.count), level)
                precondition(
                    status == Z_OK, "zlib refuses only a target smaller than its own bound, or a lack of memory")
                return Int(count)
            }
            return Double(bytes.count) / Double(compressedCount)
        }
    }
}
