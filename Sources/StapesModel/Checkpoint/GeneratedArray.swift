import StapesDevice

/// A run of elements that no file holds: each is a function of a seed, a name and its own index.
///
/// They are computed as they are copied out, so that they take no memory before, and any part of them can be made
/// alone, in any order and on any thread. They are spread evenly around a centre: a value then costs an integer hash
/// and a multiplication, in a loop without branches that the optimiser turns into vector code.
package struct GeneratedArray: Sendable {
    package let count: Int
    private let center: Float
    /// What one step of the 24-bit hash is worth.
    private let scale: Float
    /// Where in the hash's input the array begins. Two arrays whose inputs overlap differ in `salt`.
    private let offset: UInt32
    private let salt: UInt32

    /// - Parameters:
    ///   - count: at most 2^32, after which values would repeat.
    ///   - deviation: the standard deviation; values lie within 3.0.squareRoot() of it around `center`.
    package init(seed: UInt64, name: String, count: Int, center: Float, deviation: Float) {
        precondition(count >= 0 && count <= 1 << 32, "the hash has 32 bits of index")
        self.count = count
        self.center = center
        scale = deviation * Float(3).squareRoot() * 0x1p-23
        let key = Self.mixed(seed ^ Self.hash(name))
        offset = UInt32(truncatingIfNeeded: key)
        salt = UInt32(truncatingIfNeeded: key >> 32)
    }

    /// What a device makes the same values from.
    package var values: GeneratedValues {
        GeneratedValues(center: center, scale: scale, first: offset, salt: salt)
    }

    /// Writes the elements of `range`.
    package func copyFloat32(_ range: Range<Int>, to destination: UnsafeMutablePointer<Float>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range lies inside its array")
        let first = UInt32(truncatingIfNeeded: range.lowerBound) &+ offset
        for index in 0..<range.count {
            var bits = first &+ UInt32(truncatingIfNeeded: index)
            bits = (bits ^ (bits >> 16)) &* 0x85EB_CA6B
            bits = (bits ^ (bits >> 13) ^ salt) &* 0xC2B2_AE35
            bits ^= bits >> 16
            destination[index] = center + scale * Float(Int32(bitPattern: bits) >> 8)
        }
    }

    package func float32Values() -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            if let base = buffer.baseAddress { copyFloat32(0..<count, to: base) }
            initializedCount = count
        }
    }

    /// FNV-1a: Swift's own hash differs between runs.
    private static func hash(_ name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// Spreads a difference in any bit over all of them (the last step of SplitMix64).
    private static func mixed(_ key: UInt64) -> UInt64 {
        var key = key
        key = (key ^ (key >> 30)) &* 0xBF58_476D_1CE4_E5B9
        key = (key ^ (key >> 27)) &* 0x94D0_49BB_1331_11EB
        return key ^ (key >> 31)
    }
}
