import Metrics
import Synchronization

/// Measurements, counted by size.
final class HistogramValue: MetricValue, RecorderHandler, TimerHandler {
    private struct State {
        /// Measurements of each bucket alone; the last entry counts those above all bounds.
        var counts: [Int]
        var sum = 0.0
    }

    let key: MetricKey
    /// Rising and finite. A measurement belongs to the first bound that it does not exceed.
    private let bounds: [Double]
    private let state: Mutex<State>

    init(_ key: MetricKey, bounds: [Double]) {
        self.key = key
        self.bounds = bounds
        state = Mutex(State(counts: [Int](repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    /// Ignores what is not finite: it would spoil the sum for good.
    func record(_ value: Double) {
        guard value.isFinite else { return }
        var bucket = 0
        while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    /// Records seconds. A clock that ran backwards counts as no time at all.
    ///
    /// Division, unlike multiplication by 1e-9, gives 0.1 for a hundred million: the bound of 0.1 includes it.
    func recordNanoseconds(_ duration: Int64) { record(Double(max(0, duration)) / 1e9) }

    var current: MetricSample.Value {
        // Reads under the lock rather than takes the array out: the next measurement would have to copy it.
        state.withLock { state in
            var count = 0
            let buckets = zip(bounds, state.counts).map { bound, alone in
                count += alone
                return MetricSample.Bucket(upperBound: bound, cumulativeCount: count)
            }
            return .histogram(.init(count: count + state.counts[bounds.count], sum: state.sum, buckets: buckets))
        }
    }
}
