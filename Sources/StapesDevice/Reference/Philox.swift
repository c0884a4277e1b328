/// Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011).
///
/// A random number is a function of a seed and a step, so that a request draws the same numbers alone and in any batch,
/// and a replayed step needs no generator's state.
package enum Philox {
    /// Four words for a counter and a key.
    package static func words(
        counter: SIMD4<UInt32>, key: SIMD2<UInt32>
    ) -> SIMD4<UInt32> {
        var (x, key) = (counter, key)
        for _ in 0..<10 {
            let a = UInt32(0xD251_1F53).multipliedFullWidth(by: x[0])
            let b = UInt32(0xCD9E_8D57).multipliedFullWidth(by: x[2])
            x = SIMD4(b.high ^ x[1] ^ key[0], b.low, a.high ^ x[3] ^ key[1], a.low)
            key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
        return x
    }

    /// The number of `step` in the sequence that `seed` names, from 0 up to but not 1.
    package static func uniform(seed: UInt64, step: UInt32) -> Double {
        let x = words(
            counter: SIMD4(step, 0, 0, 0),
            key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
        return Double(UInt64(x[0]) << 21 | UInt64(x[1] >> 11)) * 0x1p-53
    }
}
