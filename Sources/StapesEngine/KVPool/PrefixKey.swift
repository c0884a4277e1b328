/// Names what a page of the self arena holds: the keys and values of some tokens that stand after certain others, of a
/// certain window. Never of tokens alone: what a token's keys and values are depends on the audio through every
/// cross-attention below them.
package struct PrefixKey: Sendable, Hashable {
    private let high: UInt64
    private let low: UInt64

    private init(_ digest: ContentDigest) { (high, low) = digest.words }

    /// The keys of the first pages of a prompt, one for each page that is full.
    ///
    /// - Parameter shareable: tokens from the beginning that a later sequence need not run again; it runs the others
    ///   because it wants their logits.
    package static func pages(of prompt: [Int], shareable: Int, window: WindowKey) -> [PrefixKey] {
        let pageTokens = KVLayout.tilePositions
        var digest = ContentDigest(window.high, window.low)
        return stride(from: 0, to: shareable - shareable % pageTokens, by: pageTokens).map { first in
            let tokens = prompt[first..<first + pageTokens].map(Int32.init(truncatingIfNeeded:))
            tokens.withUnsafeBytes { digest.absorb($0) }
            return PrefixKey(digest)
        }
    }
}
