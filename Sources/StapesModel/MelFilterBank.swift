#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Triangular filters evenly spaced on Slaney's mel scale from 0 to 8000 Hz, each of unit area (decoding.md 1.4).
package struct MelFilterBank: Sendable {
    /// Spectrum points of a 400-sample frame: 0, 40, ... 8000 Hz.
    package static let spectrumSize = 201

    package let bins: Int
    /// `[bins, spectrumSize]`
    package let weights: [Float]

    package init(bins: Int) {
        precondition(bins > 0, "a filter bank needs at least one bin")
        let highest = 8000.0
        let edges = (0..<bins + 2).map { Self.hertz(mel: Self.mel(hertz: highest) * Double($0) / Double(bins + 1)) }
        var weights: [Float] = []
        weights.reserveCapacity(bins * Self.spectrumSize)
        for bin in 0..<bins {
            let (low, middle, high) = (edges[bin], edges[bin + 1], edges[bin + 2])
            for point in 0..<Self.spectrumSize {
                let frequency = highest * Double(point) / Double(Self.spectrumSize - 1)
                let rising = (frequency - low) / (middle - low)
                let falling = (high - frequency) / (high - middle)
                weights.append(Float(max(0, min(rising, falling)) * 2 / (high - low)))
            }
        }
        self.bins = bins
        self.weights = weights
    }

    /// The most that a bin can be where the samples' squares sum up to 1. The squares of all 400 points of their spectrum
    /// sum up to 400 then (Parseval), and every point but the first and the last has a mirror of the same power.
    package var largestPower: Float {
        var (inner, outer): (Float, Float) = (0, 0)
        for (index, weight) in weights.enumerated() {
            let point = index % Self.spectrumSize
            if point == 0 || point == Self.spectrumSize - 1 {
                outer = max(outer, weight)
            } else {
                inner = max(inner, weight)
            }
        }
        return 200 * inner + 400 * outer
    }

    // Linear below 1000 Hz (15 mel), logarithmic above with 27 mel to a factor of 6.4.
    private static func mel(hertz: Double) -> Double {
        hertz < 1000 ? 3 * hertz / 200 : 15 + 27 * log(hertz / 1000) / log(6.4)
    }

    private static func hertz(mel: Double) -> Double {
        mel < 15 ? 200 * mel / 3 : 1000 * exp((mel - 15) * log(6.4) / 27)
    }
}
