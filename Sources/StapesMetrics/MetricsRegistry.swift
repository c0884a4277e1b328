import Metrics
import Synchronization

/// Keeps the values of all metrics in memory until somebody asks.
///
/// Making a handle sorts its dimensions and takes the registry's lock; counting with it does neither. Knows no format:
/// `PrometheusText` writes what `samples` gives.
package final class MetricsRegistry: MetricsFactory {
    /// Seconds, from a decode step to a long recording.
    package static let secondsBounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    /// The values of one label are of one kind: readers know the kind by the label.
    private typealias Family = [MetricKey: any MetricValue]

    private let bounds: [String: [Double]]
    private let defaultBounds: [Double]
    private let families = Mutex<[String: Family]>([:])

    /// - Parameters:
    ///   - bounds: The upper bounds of the buckets of a timer (in seconds) or a recorder, by label.
    ///   - defaultBounds: For labels that `bounds` does not name.
    package init(bounds: [String: [Double]] = [:], defaultBounds: [Double] = secondsBounds) {
        for bounds in bounds.values + [defaultBounds] {
            precondition(
                bounds.allSatisfy(\.isFinite) && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 },
                "The bounds of buckets must rise and be finite: \(bounds).")
        }
        self.bounds = bounds
        self.defaultBounds = defaultBounds
    }

    // MARK: Reading

    /// All metrics, by label and dimensions. Each is read at its own moment.
    package var samples: [MetricSample] {
        let values = families.withLock { $0.values.flatMap(\.values) }
        return values.map { MetricSample($0.key, $0.current) }.sorted { $0.key < $1.key }
    }

    /// The number of a counter or a gauge; nil where there is none.
    package func value(_ label: String, _ dimensions: KeyValuePairs<String, String> = [:]) -> Double? {
        switch current(label, dimensions) {
        case .counter(let number), .gauge(let number): number
        case .histogram, nil: nil
        }
    }

    /// The measurements of a timer or a recorder; nil where there are none.
    package func histogram(
        _ label: String, _ dimensions: KeyValuePairs<String, String> = [:]
    ) -> MetricSample.Histogram? {
        guard case .histogram(let histogram) = current(label, dimensions) else { return nil }
        return histogram
    }

    private func current(_ label: String, _ dimensions: KeyValuePairs<String, String>) -> MetricSample.Value? {
        let key = MetricKey(label, dimensions.map { ($0.key, $0.value) })
        return families.withLock { $0[label]?[key] }?.current
    }

    // MARK: Making

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        shared(MetricKey(label, dimensions), CounterValue.init)
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        shared(MetricKey(label, dimensions), CounterValue.init)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        shared(MetricKey(label, dimensions), GaugeValue.init)
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        let key = MetricKey(label, dimensions)
        return aggregate ? histogram(key) : shared(key, GaugeValue.init)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(MetricKey(label, dimensions))
    }

    private func histogram(_ key: MetricKey) -> HistogramValue {
        shared(key) { HistogramValue($0, bounds: bounds[$0.label] ?? defaultBounds) }
    }

    /// The value of `key`, made if nobody did before.
    private func shared<Value: MetricValue>(_ key: MetricKey, _ make: (MetricKey) -> Value) -> Value {
        families.withLock { families in
            if let value = families[key.label]?[key] as? Value { return value }
            if let relative = families[key.label]?.values.first {
                precondition(
                    relative is Value, "The metric \(key.label) is a \(type(of: relative)), not a \(Value.self).")
            }
            let value = make(key)
            families[key.label, default: [:]][key] = value
            return value
        }
    }

    // MARK: Removing

    // Other handles of the same label and dimensions lose their value too: they go on counting, and nobody sees it.

    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    /// Leaves alone what took the place of a value that is gone already.
    private func remove(_ handler: AnyObject) {
        guard let value = handler as? any MetricValue else { return }
        families.withLock { families in
            guard families[value.key.label]?[value.key] === value else { return }
            families[value.key.label]?[value.key] = nil
            if families[value.key.label]?.isEmpty == true { families[value.key.label] = nil }
        }
    }
}
