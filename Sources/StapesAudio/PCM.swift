/// Decoded audio: mono, 16 kHz, every sample finite and in -1...1.
package struct PCM: Sendable {
    /// Samples a second.
    package static let sampleRate = 16_000

    package let samples: [Float]

    package var durationSeconds: Double { Double(samples.count) / Double(Self.sampleRate) }

    /// Takes samples from anywhere: clips them to -1...1 and silences what is not a number.
    package init(samples: [Float]) {
        self.samples = samples.allSatisfy { abs($0) <= 1 } ? samples : samples.map(Self.sanitised)
    }

    /// The reference goes through 16-bit samples for every source, then divides by 32768.
    init(_ samples: UnsafeBufferPointer<Int16>) {
        self.samples = [Float](unsafeUninitializedCapacity: samples.count) { buffer, count in
            for index in samples.indices {
                buffer.initializeElement(at: index, to: Float(samples[index]) * (1 / 32768))
            }
            count = samples.count
        }
    }

    private static func sanitised(_ sample: Float) -> Float {
        sample.isNaN ? 0 : max(-1, min(1, sample))
    }
}
