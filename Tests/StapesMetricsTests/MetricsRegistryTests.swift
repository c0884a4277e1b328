import Metrics
import StapesMetrics
import Testing

struct MetricsRegistryTests {
    private let registry = MetricsRegistry()

    @Test("a counter adds whole and floating-point amounts, and ignores what would not be growth")
    func counterAdds() {
        let counter = Counter(label: "requests", factory: registry)
        let fractional = FloatingPointCounter(label: "requests", factory: registry)
        counter.increment()
        counter.increment(by: 5)
        fractional.increment(by: 0.25)
        #expect(registry.value("requests") == 6.25)
        counter.increment(by: -3)
        for amount in [-1, .nan, .infinity] { fractional.increment(by: amount) }
        #expect(registry.value("requests") == 6.25)
        counter.reset()
        #expect(registry.value("requests") == 0)
    }

    @Test("a gauge holds what was last set, recorded, added or taken away")
    func gaugeMoves() {
        let meter = Meter(label: "rows", factory: registry)
        let gauge = Gauge(label: "rows", factory: registry)
        meter.set(4)
        meter.increment(by: 2.5)
        meter.decrement()
        #expect(registry.value("rows") == 5.5)
        gauge.record(7)
        #expect(registry.value("rows") == 7)
        meter.increment(by: Double.nan)
        #expect(registry.value("rows") == 7)
    }

    @Test("handles share a value if labels and dimensions agree, in any order of dimensions")
    func handlesShare() {
        Counter(label: "steps", dimensions: [("plane", "decode"), ("route", "graph")], factory: registry).increment()
        Counter(label: "steps", dimensions: [("route", "graph"), ("plane", "decode")], factory: registry).increment()
        Counter(label: "steps", dimensions: [("route", "eager"), ("plane", "decode")], factory: registry).increment()
        #expect(registry.value("steps", ["route": "graph", "plane": "decode"]) == 2)
        #expect(registry.value("steps", ["plane": "decode", "route": "eager"]) == 1)
        #expect(registry.value("steps") == nil)
        #expect(registry.value("step") == nil)
    }

    @Test("samples come by label, then by dimensions")
    func samplesAreSorted() {
        Meter(label: "b", factory: registry).set(1)
        Counter(label: "a", dimensions: [("y", "1"), ("x", "2")], factory: registry).increment()
        Counter(label: "a", dimensions: [("x", "1")], factory: registry).increment()
        Counter(label: "a", factory: registry).increment()
        #expect(
            registry.samples == [
                MetricSample(MetricKey("a"), .counter(1)),
                MetricSample(MetricKey("a", [("x", "1")]), .counter(1)),
                MetricSample(MetricKey("a", [("x", "2"), ("y", "1")]), .counter(1)),
                MetricSample(MetricKey("b"), .gauge(1)),
            ])
    }

    @Test("a destroyed metric is gone, starts from nothing when it is made again, and may then be of another kind")
    func destroyRemoves() {
        let counter = Counter(label: "a", factory: registry)
        let fractional = FloatingPointCounter(label: "b", factory: registry)
        let meter = Meter(label: "c", factory: registry)
        let recorder = Recorder(label: "d", factory: registry)
        let timer = Timer(label: "e", factory: registry)
        let other = Counter(label: "a", dimensions: [("kept", "yes")], factory: registry)
        counter.increment()
        other.increment()
        #expect(registry.samples.map(\.label) == ["a", "a", "b", "c", "d", "e"])

        counter.destroy()
        fractional.destroy()
        meter.destroy()
        recorder.destroy()
        timer.destroy()
        #expect(registry.samples == [MetricSample(MetricKey("a", [("kept", "yes")]), .counter(1))])

        counter.increment()
        Meter(label: "b", factory: registry).set(3)
        let again = Counter(label: "a", factory: registry)
        #expect(registry.value("a") == 0)
        #expect(registry.value("b") == 3)
        // The old handle does not take the new value away.
        counter.destroy()
        again.increment()
        #expect(registry.value("a") == 1)
    }

    @Test("a label of two kinds is refused")
    func secondKindIsRefused() async {
        await #expect(processExitsWith: .failure) {
            let registry = MetricsRegistry()
            Counter(label: "a", factory: registry).increment()
            Meter(label: "a", dimensions: [("x", "1")], factory: registry).set(1)
        }
    }

    @Test("no increment is lost among many tasks, nor is a handle made twice")
    func concurrentIncrementsAreExact() async {
        let (tasks, rounds) = (32, 2_000)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask { [registry] in
                    for round in 0..<rounds {
                        let counter = Counter(label: "count", dimensions: [("x", "\(round % 3)")], factory: registry)
                        counter.increment()
                        FloatingPointCounter(label: "sum", factory: registry).increment(by: 0.5)
                        Meter(label: "level", factory: registry).increment(by: task.isMultiple(of: 2) ? 1.0 : 2.0)
                        Timer(label: "time", factory: registry).recordNanoseconds(500_000_000)
                        if round.isMultiple(of: 500) { _ = registry.samples }
                    }
                }
            }
        }
        let total = tasks * rounds
        #expect((0..<3).compactMap { registry.value("count", ["x": "\($0)"]) }.reduce(0, +) == Double(total))
        #expect(registry.value("sum") == Double(total) * 0.5)
        #expect(registry.value("level") == Double(total) * 1.5)
        #expect(registry.histogram("time")?.count == total)
        #expect(registry.histogram("time")?.sum == Double(total) * 0.5)
    }
}
