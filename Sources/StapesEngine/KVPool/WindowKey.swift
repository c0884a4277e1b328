/// Names a window by its content: the same features, encoded to the same length, give the same key.
///
/// 128 bits, because two windows with one key would share their keys and values, and one would get the other's text.
/// The hash mixes well but is not cryptographic: it is meant for recordings, not against someone who builds a collision.
package struct WindowKey: Sendable, Hashable {
    private let high: UInt64
    private let low: UInt64

    /// - Parameters:
    ///   - features: log-mel of the window.
    ///   - positions: encoder positions that are made of it.
    package init(features: [Float], positions: Int) {
        // Two multiply-and-fold lanes over 16 bytes a turn, with different odd constants.
        var a: UInt64 = 0x9e37_79b9_7f4a_7c15 ^ UInt64(features.count)
        var b: UInt64 = 0xd1b5_4a32_d192_ed03 ^ UInt64(bitPattern: Int64(positions))
        features.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                var words = (UInt64(0), UInt64(0))
                let count = min(16, bytes.count - offset)
                withUnsafeMutableBytes(of: &words) {
                    $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
                }
                a = Self.fold(a ^ words.0, 0xa076_1d64_78bd_642f ^ words.1)
                b = Self.fold(b ^ words.1, 0xe703_7ed1_a0b4_28db ^ words.0) &+ words.0
                offset += 16
            }
        }
        high = Self.fold(a, 0x8ebc_6af0_9c88_c6e3)
        low = Self.fold(b ^ a, 0x5899_65cc_7537_4cc3)
    }

    private static func fold(_ x: UInt64, _ y: UInt64) -> UInt64 {
        let product = x.multipliedFullWidth(by: y)
        return product.high ^ product.low &+ (x ^ y)
    }
}
