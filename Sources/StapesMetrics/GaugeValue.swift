import Metrics
import Synchronization

/// The number that was last set, moved by what was added and taken away since.
final class GaugeValue: MetricValue, MeterHandler, RecorderHandler {
    let key: MetricKey
    private let value = Mutex(0.0)

    init(_ key: MetricKey) { self.key = key }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }

    /// Ignores what is not finite: the gauge would not move again until it is set.
    func increment(by amount: Double) {
        guard amount.isFinite else { return }
        value.withLock { $0 += amount }
    }

    func decrement(by amount: Double) { increment(by: -amount) }

    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    var current: MetricSample.Value { .gauge(value.withLock { $0 }) }
}
