/// How long an upload is, before it is decoded, as far as its first bytes tell.
package enum AudioEstimate {
    /// Bytes of an upload that are looked at.
    package static let headBytes = 64
    /// The sparsest speech codecs need as much; what says nothing of itself is taken for one.
    private static let fewestBytesPerSecond = 750.0

    /// - Parameters:
    ///   - head: the first bytes.
    ///   - byteCount: of the whole upload.
    package static func seconds(head: [UInt8], byteCount: Int) -> Double {
        wave(head, byteCount) ?? flac(head) ?? Double(byteCount) / fewestBytesPerSecond
    }

    /// Uncompressed samples, whose number follows from the bytes. (A format block that does not come first is rare.)
    private static func wave(_ head: [UInt8], _ byteCount: Int) -> Double? {
        guard head.count >= 36, head.starts(with: Array("RIFF".utf8)), head[8..<16].elementsEqual("WAVEfmt ".utf8)
        else {
            return nil
        }
        func number(_ offset: Int, _ bytes: Int) -> Int {
            (0..<bytes).reduce(0) { $0 | Int(head[offset + $1]) << (8 * $1) }
        }
        let (format, channels, rate, bits) = (number(20, 2), number(22, 2), number(24, 4), number(34, 2))
        let bytesPerSecond = channels * rate * bits / 8
        // Integers and floats; others are compressed.
        guard [1, 3, 0xFFFE].contains(format), bytesPerSecond > 0 else { return nil }
        return Double(byteCount) / Double(bytesPerSecond)
    }

    /// The number of samples stands in the stream's first block, unless it was not known.
    private static func flac(_ head: [UInt8]) -> Double? {
        guard head.count >= 26, head.starts(with: Array("fLaC".utf8)), head[4] & 0x7F == 0 else { return nil }
        let rate = Int(head[18]) << 12 | Int(head[19]) << 4 | Int(head[20]) >> 4
        let samples = (22..<26).reduce(Int(head[21] & 0x0F)) { $0 << 8 | Int(head[$1]) }
        guard rate > 0, samples > 0 else { return nil }
        return Double(samples) / Double(rate)
    }
}
