/// Reproducible noise.
struct Noise {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    /// Uniform in 0..<bound.
    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func samples(_ count: Int, amplitude: Float = 0.5) -> [Float] {
        (0..<count).map { _ in (Float(next() >> 40) / Float(1 << 23) - 1) * amplitude }
    }
}
