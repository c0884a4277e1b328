/// A WAV file made in the test.
struct WAV {
    var format: UInt16 = 1  // 1 integers, 3 floats
    var channels: UInt16 = 1
    var sampleRate: UInt32 = 16_000
    var bitsPerSample: UInt16 = 16
    var data: [UInt8] = []

    /// 16-bit samples, channels interleaved.
    init(_ samples: [Int16], channels: UInt16 = 1, sampleRate: UInt32 = 16_000) {
        self.channels = channels
        self.sampleRate = sampleRate
        data = samples.flatMap { Self.littleEndian(UInt16(bitPattern: $0)) }
    }

    /// 32-bit floats, mono.
    init(floats: [Float]) {
        format = 3
        bitsPerSample = 32
        data = floats.flatMap { Self.littleEndian($0.bitPattern) }
    }

    var bytes: [UInt8] {
        let frame = channels * bitsPerSample / 8
        var header = Array("WAVEfmt ".utf8) + Self.littleEndian(UInt32(16))
        header += Self.littleEndian(format) + Self.littleEndian(channels) + Self.littleEndian(sampleRate)
        header += Self.littleEndian(sampleRate &* UInt32(frame)) + Self.littleEndian(frame)
        header += Self.littleEndian(bitsPerSample) + Array("data".utf8) + Self.littleEndian(UInt32(data.count))
        return Array("RIFF".utf8) + Self.littleEndian(UInt32(header.count + data.count)) + header + data
    }

    private static func littleEndian<Word: FixedWidthInteger>(_ word: Word) -> [UInt8] {
        withUnsafeBytes(of: word.littleEndian, Array.init)
    }
}
