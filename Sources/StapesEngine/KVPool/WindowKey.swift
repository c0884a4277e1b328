/// Names a window by its content: the same features, encoded to the same length, give the same key.
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
}
