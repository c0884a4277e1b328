/// Times of one decode step by one route, in microseconds.
package struct StepTimes: Sendable, Hashable {
    package let medianMicroseconds: Double
    package let p95Microseconds: Double
    package let minimumMicroseconds: Double

    init(_ seconds: [Double]) {
        let sorted = seconds.sorted()
        func quantile(_ share: Double) -> Double {
            guard !sorted.isEmpty else { return 0 }
            return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] * 1e6
        }
        medianMicroseconds = quantile(0.5)
        p95Microseconds = quantile(0.95)
        minimumMicroseconds = quantile(0)
    }
}

/// What one batch size gave.
package struct DecodeTimings: Sendable, Hashable {
    package let batch: Int
    package let eager: StepTimes
    /// Nil where graphs are not used.
    package let graph: StepTimes?
    /// Whether both routes chose the same token for every row in every step.
    package let identicalTokens: Bool
    /// Kernel calls in the graph.
    package let kernelsPerStep: Int?
    /// How often members and cross lengths were planned in all steps of this batch.
    package let planRebuilds: Int
    /// Heap allocations of a whole replayed step, from the host's lengths to the host's tokens; nil where they cannot
    /// be counted or graphs are not used.
    package let allocationsPerReplay: Double?
}
