/// Names a window by its content: the same features or samples, encoded to the same length, give the same key.
package struct WindowKey: Sendable, Hashable {
    let high: UInt64
    let low: UInt64

    /// - Parameters:
    ///   - features: log-mel of the window.
    ///   - positions: encoder positions that are made of it.
    package init(features: [Float], positions: Int) {
        var digest = ContentDigest(UInt64(features.count), UInt64(truncatingIfNeeded: positions))
        features.withUnsafeBytes { digest.absorb($0) }
        (high, low) = digest.words
    }

    /// The key of a window that comes as samples: never that of one which comes as features.
    package init(samples window: WindowSamples, positions: Int) {
        // A bit that no number of features has.
        var digest = ContentDigest(
            1 << 63 | UInt64(window.samples.count), UInt64(truncatingIfNeeded: positions))
        let header = [
            UInt32(truncatingIfNeeded: window.lead), UInt32(truncatingIfNeeded: window.content),
            window.loudest.bitPattern, 0,
        ]
        header.withUnsafeBytes { digest.absorb($0) }
        window.samples.withUnsafeBytes { digest.absorb($0) }
        (high, low) = digest.words
    }

    package init(_ features: WindowFeatures, positions: Int) {
        switch features {
        case .logMel(let values): self.init(features: values, positions: positions)
        case .samples(let window): self.init(samples: window, positions: positions)
        }
    }
}
