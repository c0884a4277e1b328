/// A 128-bit name of some content, made piece by piece.
///
/// 128 bits, because two contents of one name would share their keys and values, and one would get the other's text.
/// The digest mixes well but is not cryptographic: it is meant for recordings, not against someone who builds a
/// collision.
package struct ContentDigest: Sendable, Hashable {
    // Two multiply-and-fold lanes with different odd constants.
    private var a: UInt64
    private var b: UInt64

    package init(_ first: UInt64, _ second: UInt64) {
        a = 0x9e37_79b9_7f4a_7c15 ^ first
        b = 0xd1b5_4a32_d192_ed03 ^ second
    }

    /// Takes in 16 bytes a turn; the last ones are filled up with zeros.
    package mutating func absorb(_ bytes: UnsafeRawBufferPointer) {
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

    package var words: (high: UInt64, low: UInt64) {
        (Self.fold(a, 0x8ebc_6af0_9c88_c6e3), Self.fold(b ^ a, 0x5899_65cc_7537_4cc3))
    }

    private static func fold(_ x: UInt64, _ y: UInt64) -> UInt64 {
        let product = x.multipliedFullWidth(by: y)
        return product.high ^ product.low &+ (x ^ y)
    }
}
