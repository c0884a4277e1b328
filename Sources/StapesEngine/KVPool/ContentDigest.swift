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

    /// Takes in 16 bytes a turn; the last ones are filled up with zeros. Of much, four chains of turns are made side by side,
    /// since each turn waits for the product of the one before: content that comes in pieces of 1024 bytes or more has another
    /// name than in one.
    package mutating func absorb(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        if bytes.count >= Self.manyBytes {
            var (one, two, three) = (self, self, self)
            (one.a, two.a, three.a) = (a ^ 0x2d35_8dcc_aa6c_78a5, a ^ 0x8bb8_4b93_962e_acc9, a ^ 0x4b33_a62e_d433_d4a3)
            while offset + 64 <= bytes.count {
                turn(bytes, at: offset)
                one.turn(bytes, at: offset + 16)
                two.turn(bytes, at: offset + 32)
                three.turn(bytes, at: offset + 48)
                offset += 64
            }
            for chain in [one, two, three] { turn(chain.a, chain.b) }
        }
        while offset + 16 <= bytes.count {
            turn(bytes, at: offset)
            offset += 16
        }
        if offset < bytes.count {
            var words = (UInt64(0), UInt64(0))
            withUnsafeMutableBytes(of: &words) {
                $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
            }
            turn(words.0, words.1)
        }
    }

    private static let manyBytes = 1024

    @inline(__always) private mutating func turn(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        turn(
            bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
    }

    @inline(__always) private mutating func turn(_ first: UInt64, _ second: UInt64) {
        a = Self.fold(a ^ first, 0xa076_1d64_78bd_642f ^ second)
        b = Self.fold(b ^ second, 0xe703_7ed1_a0b4_28db ^ first) &+ first
    }

    package var words: (high: UInt64, low: UInt64) {
        (Self.fold(a, 0x8ebc_6af0_9c88_c6e3), Self.fold(b ^ a, 0x5899_65cc_7537_4cc3))
    }

    private static func fold(_ x: UInt64, _ y: UInt64) -> UInt64 {
        let product = x.multipliedFullWidth(by: y)
        return product.high ^ product.low &+ (x ^ y)
    }
}
