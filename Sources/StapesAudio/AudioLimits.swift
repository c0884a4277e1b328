/// What is refused instead of decoded, so that one input cannot take all memory.
public struct AudioLimits: Sendable, Hashable {
    /// Encoded bytes of a file or buffer.
    public var maximumByteCount: Int
    /// Decoded seconds. One hour takes 345 MB while it is decoded and 115 MB of features (80 bins) while it is transcribed.
    public var maximumSeconds: Double

    public init(maximumByteCount: Int, maximumSeconds: Double) {
        self.maximumByteCount = maximumByteCount
        self.maximumSeconds = maximumSeconds
    }

    /// 4 GiB and 12 hours: no hindrance for recordings on the own disk. A server wants less.
    public static let `default` = AudioLimits(maximumByteCount: 4 << 30, maximumSeconds: 12 * 3600)

    /// What comes without a size and cannot be read twice is held in memory, so less of it is taken: 1 GiB.
    static let maximumPipeByteCount = 1 << 30

    /// Samples at 16 kHz, safe for any value of `maximumSeconds`.
    var maximumSampleCount: Int64 {
        let count = (maximumSeconds * Double(PCM.sampleRate)).rounded()
        if count >= 0x1p52 { return 1 << 52 }
        return count > 0 ? Int64(count) : 0
    }
}
