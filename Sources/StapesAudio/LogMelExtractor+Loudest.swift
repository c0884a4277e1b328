import StapesModel

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

extension LogMelExtractor {
    /// Frames whose exact values are made together.
    private static let groupFrames = 16
    /// A frame is ten blocks of 40 samples, and the next begins four blocks later.
    private static let (block, frameBlocks, hopBlocks) = (40, 10, 4)

    /// The loudest log10 of mel power in the whole padded file, at least -10: what `extract` finds, bit for bit, though it
    /// makes the values of few frames.
    ///
    /// Energy says how loud a frame can be: its spectrum has no more power than its samples (Parseval), and no filter
    /// makes more of that than its largest weight. Frames that cannot be louder than one that was seen are passed by. In
    /// speech that are nearly all; in noise, whose power no filter has for itself, none, and the time is that of `extract`.
    ///
    /// Runs on the calling thread.
    package func loudest(of pcm: PCM) -> Float {
        let samples = pcm.samples
        let groups = (storedFrames(of: pcm) + Self.groupFrames - 1) / Self.groupFrames
        guard groups > 0 else { return -10 }
        let bounds = bounds(of: samples, groups: groups)
        var scratch = [Float](repeating: 0, count: Self.groupFrames * bins)
        var (loudest, power) = (Float(-10), Float(1e-10))
        func look(at group: Int) {
            loudest = max(loudest, largest(of: samples, from: group * Self.groupFrames, in: &scratch))
            power = pow(10, loudest)
        }
        // The first is the likeliest to be the loudest; the first group of all has no bound, for the reflection in it.
        let first = bounds.indices.dropFirst().max { bounds[$0] < bounds[$1] }
        look(at: 0)
        if let first { look(at: first) }
        for group in bounds.indices where group > 0 && group != first && bounds[group] > power { look(at: group) }
        return loudest
    }

    /// Above the largest mel power of each group of frames.
    private func bounds(of samples: [Float], groups: Int) -> [Float] {
        let energies = Self.energies(of: samples)
        // The largest square of the window in each block of a frame.
        let weights = (0..<Self.frameBlocks).map { index -> Float in
            let nearest = index < Self.frameBlocks / 2 ? (index + 1) * Self.block - 1 : index * Self.block
            let hann = 0.5 - 0.5 * cos(2 * Double.pi * Double(nearest) / 400)
            return Float(hann * hann)
        }
        return (0..<groups).map { group in
            var largest: Float = 0
            for frame in group * Self.groupFrames..<(group + 1) * Self.groupFrames {
                let first = frame * Self.hopBlocks - Self.frameBlocks / 2
                guard first >= 0, first < energies.count else { continue }
                var energy: Float = 0
                for index in 0..<min(Self.frameBlocks, energies.count - first) {
                    energy += weights[index] * energies[first + index]
                }
                largest = max(largest, energy)
            }
            // And a thousandth for what float32 rounds.
            return largest * melPowerOfEnergy * 1.001
        }
    }

    /// The sum of squares of every 40 samples.
    private static func energies(of samples: [Float]) -> [Float] {
        let whole = samples.count / block
        return samples.withUnsafeBytes { bytes in
            var energies = [Float](unsafeUninitializedCapacity: whole + 1) { target, count in
                for index in 0..<whole {
                    var sum = SIMD8<Float>.zero
                    for part in 0..<block / 8 {
                        let values = bytes.loadUnaligned(
                            fromByteOffset: 4 * (index * block + 8 * part), as: SIMD8<Float>.self)
                        sum += values * values
                    }
                    target.initializeElement(at: index, to: sum.sum())
                }
                count = whole
            }
            energies.append(samples[(whole * block)...].reduce(0) { $0 + $1 * $1 })
            return energies
        }
    }
}
