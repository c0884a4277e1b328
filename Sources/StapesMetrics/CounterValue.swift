import Metrics
import Synchronization

/// A sum that only grows.
///
/// Whole amounts, which nearly all are, cost one atomic addition; only fractions take the lock.
final class CounterValue: MetricValue, CounterHandler, FloatingPointCounterHandler {
    let key: MetricKey
    private let whole = Atomic<Int64>(0)
    private let fractional = Mutex(0.0)

    init(_ key: MetricKey) { self.key = key }

    /// Ignores negative amounts: whoever reads a counter takes a fall for a restart of the process.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        whole.wrappingAdd(amount, ordering: .relaxed)
    }

    /// Ignores amounts that are negative or not finite.
    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        fractional.withLock { $0 += amount }
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fractional.withLock { $0 = 0 }
    }

    var current: MetricSample.Value {
        .counter(Double(whole.load(ordering: .relaxed)) + fractional.withLock { $0 })
    }
}
