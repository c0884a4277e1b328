#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The largest logit of some ids, and where it is.
struct LogitPeak {
    /// -1 while no id has a logit above minus infinity.
    var token = -1
    var logit = -Float.infinity

    /// Takes in one run of ids. Equal logits keep the lowest id, and what is not a number is never chosen.
    mutating func update(_ logits: UnsafeBufferPointer<Float>, in run: Range<Int>) {
        for index in run where logits[index] > logit {
            logit = logits[index]
            token = index
        }
    }

    /// The sum of exp(logit - peak) over one run of ids.
    func mass(_ logits: UnsafeBufferPointer<Float>, in run: Range<Int>) -> Double {
        var sum = 0.0
        for index in run {
            sum += Double(expf(logits[index] - logit))
        }
        return sum
    }

    /// The logarithm of the sum of exp(logit), from masses relative to this peak.
    func logSumExp(mass: Double) -> Double {
        token < 0 ? -.infinity : Double(logit) + log(mass)
    }
}

/// The logarithm of exp(a) + exp(b).
func logAddExp(_ a: Double, _ b: Double) -> Double {
    let high = max(a, b)
    guard high > -.infinity else { return high }
    return high + log1p(exp(min(a, b) - high))
}
