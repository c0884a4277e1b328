import StapesAudio

/// A client's bytes -> mono samples at 16 kHz in -1...1. Bytes come in chunks of any size, on which the samples do not
/// depend.
package struct RealtimeAudio: Sendable {
    package let format: RealtimeAudioFormat
    /// Nil if the client's rate is ours.
    private var resampler: StreamResampler?
    /// The first byte of a sample whose second has not come.
    private var lowByte: UInt8?

    package init(_ format: RealtimeAudioFormat) {
        self.format = format
        resampler = format.rate == PCM.sampleRate ? nil : StreamResampler(from: format.rate, to: PCM.sampleRate)
    }

    /// Samples that so many bytes stand for, give or take one.
    package func sampleCount(byteCount: Int) -> Int {
        byteCount / format.bytesPerSample * PCM.sampleRate / format.rate
    }

    /// Takes the next bytes. The last 4 ms or less wait for what follows them.
    package mutating func samples(_ bytes: [UInt8]) -> [Float] {
        let samples = decoded(bytes)
        return resampler?.resample(samples) ?? samples
    }

    /// What still waits, as if silence followed. Half a sample is dropped.
    package mutating func finish() -> [Float] {
        lowByte = nil
        return resampler?.finish() ?? []
    }

    private mutating func decoded(_ bytes: [UInt8]) -> [Float] {
        switch format {
        case .muLaw: bytes.map { CompandedSample.muLaw[Int($0)] }
        case .aLaw: bytes.map { CompandedSample.aLaw[Int($0)] }
        case .pcm: integers(bytes)
        }
    }

    private mutating func integers(_ bytes: [UInt8]) -> [Float] {
        guard let first = bytes.first else { return [] }
        var samples: [Float] = []
        samples.reserveCapacity(bytes.count / 2 + 1)
        var position = 0
        if let low = lowByte {
            samples.append(Self.sample(low, first))
            position = 1
        }
        bytes.withUnsafeBufferPointer { bytes in
            while position + 1 < bytes.count {
                samples.append(Self.sample(bytes[position], bytes[position + 1]))
                position += 2
            }
        }
        lowByte = position < bytes.count ? bytes[position] : nil
        return samples
    }

    private static func sample(_ low: UInt8, _ high: UInt8) -> Float {
        Float(Int16(truncatingIfNeeded: Int(high) << 8 | Int(low))) / 32_768
    }
}
