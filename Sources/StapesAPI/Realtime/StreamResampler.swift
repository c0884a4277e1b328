#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Changes the rate of audio that comes in chunks: a sinc under a Kaiser window, in as many phases as the ratio of the
/// rates has. The samples do not depend on the chunks.
///
/// Sample n of the output is the input at the time of n, not later: what is still to come is waited for, which is
/// `halfWidth` samples of the input.
package struct StreamResampler: Sendable {
    /// Zeros of the sinc on either side.
    private static let zeros = 32
    /// About 80 dB of what does not belong to the lower rate are taken away.
    private static let kaiserBeta = 8.0
    /// Of the lower rate's half; the filter has fallen by half there.
    private static let cutoff = 0.95

    /// Samples of the input on either side of an output sample.
    package let halfWidth: Int
    /// The output has `up` samples for `down` of the input.
    private let up, down: Int
    /// `[up, 2 * halfWidth]`: for the inputs from `halfWidth - 1` before an output sample's to `halfWidth` after.
    private let taps: [Float]

    /// Input that is still needed; before the first sample there is silence.
    private var samples: [Float]
    /// The next output sample's place after the input sample `samples[halfWidth - 1]`, in units of 1 / `up`.
    private var place = 0
    private var takenCount = 0
    private var givenCount = 0

    /// - Parameters:
    ///   - inputRate: samples a second.
    ///   - outputRate: samples a second.
    package init(from inputRate: Int, to outputRate: Int) {
        var (a, b) = (inputRate, outputRate)
        while b > 0 { (a, b) = (b, a % b) }
        up = outputRate / a
        down = inputRate / a
        // Widths are counted in samples of the lower rate.
        let stretch = max(1, Double(down) / Double(up))
        halfWidth = Int((Double(Self.zeros) * stretch).rounded(.up))
        taps = Self.taps(phases: up, halfWidth: halfWidth, bandwidth: Self.cutoff / stretch)
        samples = [Float](repeating: 0, count: halfWidth - 1)
    }

    private static func taps(phases: Int, halfWidth: Int, bandwidth: Double) -> [Float] {
        (0..<phases).flatMap { phase -> [Float] in
            let weights = (1 - halfWidth...halfWidth).map { offset in
                let time = Double(offset) - Double(phase) / Double(phases)
                let edge = time / Double(halfWidth)
                let window = bessel(kaiserBeta * max(0, 1 - edge * edge).squareRoot()) / bessel(kaiserBeta)
                let angle = Double.pi * bandwidth * time
                return window * (angle == 0 ? 1 : sin(angle) / angle)
            }
            // Each phase lets what is constant pass as it is.
            let sum = weights.reduce(0, +)
            return weights.map { Float($0 / sum) }
        }
    }

    /// The modified Bessel function of order 0.
    private static func bessel(_ x: Double) -> Double {
        var (sum, term, k) = (1.0, 1.0, 1.0)
        while term > sum * 1e-17 {
            term *= (x / (2 * k)) * (x / (2 * k))
            sum += term
            k += 1
        }
        return sum
    }

    /// Takes the next samples and gives those that nothing is missing for.
    package mutating func resample(_ chunk: [Float]) -> [Float] {
        takenCount += chunk.count
        samples += chunk
        let output = drain()
        givenCount += output.count
        return output
    }

    /// What is left when nothing follows but silence: together there are as many as the input's duration holds. The
    /// resampler is as new afterwards.
    package mutating func finish() -> [Float] {
        samples += [Float](repeating: 0, count: halfWidth)
        let count = (takenCount * up + down - 1) / down - givenCount
        let output = Array(drain().prefix(count))
        samples = [Float](repeating: 0, count: halfWidth - 1)
        (place, takenCount, givenCount) = (0, 0, 0)
        return output
    }

    private mutating func drain() -> [Float] {
        let width = 2 * halfWidth
        let places = (samples.count - width + 1) * up - place
        let count = max(0, (places + down - 1) / down)
        guard count > 0 else { return [] }
        let (start, up, down) = (place, up, down)
        let output = [Float](unsafeUninitializedCapacity: count) { output, initialized in
            initialized = count
            samples.withUnsafeBufferPointer { samples in
                taps.withUnsafeBufferPointer { taps in
                    var place = start
                    for index in 0..<count {
                        let (first, tap) = (place / up, place % up * width)
                        var sum: Float = 0
                        for offset in 0..<width { sum += samples[first + offset] * taps[tap + offset] }
                        output[index] = sum
                        place += down
                    }
                }
            }
        }
        place += count * down
        // A step may lead past what there is.
        let used = min(place / up, samples.count)
        samples.removeFirst(used)
        place -= used * up
        return output
    }
}
