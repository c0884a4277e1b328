import Metrics
import StapesMetrics
import Testing

struct HistogramTests {
    private let registry = MetricsRegistry(bounds: ["tokens": [1, 10, 100]])

    private func counts(_ label: String) -> [Int]? {
        registry.histogram(label)?.buckets.map(\.cumulativeCount)
    }

    @Test("a bound includes itself, and what is above the last one is only in the count")
    func boundsIncludeThemselves() {
        let recorder = Recorder(label: "tokens", factory: registry)
        for value in [-1, 1, 1.0.nextUp, 10, 10.0.nextUp, 100, 100.0.nextUp] { recorder.record(value) }
        recorder.record(1000)
        #expect(registry.histogram("tokens")?.buckets.map(\.upperBound) == [1, 10, 100])
        #expect(counts("tokens") == [2, 4, 6])
        #expect(registry.histogram("tokens")?.count == 8)
        #expect(registry.histogram("tokens").map { abs($0.sum - 1221) < 1e-9 } == true)
    }

    @Test("a timer takes nanoseconds and gives seconds, exact at the default bounds")
    func timerGivesSeconds() {
        for (index, bound) in MetricsRegistry.secondsBounds.enumerated() {
            let label = "time\(index)"
            let timer = Timer(label: label, factory: registry)
            let nanoseconds = Int64((bound * 1e9).rounded())
            timer.recordNanoseconds(nanoseconds)
            timer.recordNanoseconds(nanoseconds + 1)
            #expect(counts(label)?[index] == 1)
            #expect(registry.histogram(label)?.count == 2)
        }
        Timer(label: "time", factory: registry).recordMilliseconds(250)
        #expect(registry.histogram("time")?.sum == 0.25)
    }

    @Test("what is no measurement is ignored, and time that ran backwards is no time")
    func oddMeasurements() {
        let recorder = Recorder(label: "tokens", factory: registry)
        for value in [Double.nan, .infinity, -.infinity] { recorder.record(value) }
        #expect(
            registry.histogram("tokens")
                == .init(
                    count: 0, sum: 0, buckets: [1, 10, 100].map { .init(upperBound: $0, cumulativeCount: 0) }))
        Timer(label: "time", factory: registry).recordNanoseconds(-5)
        #expect(registry.histogram("time")?.count == 1)
        #expect(registry.histogram("time")?.sum == 0)
    }

    @Test("without bounds, there are count and sum")
    func noBounds() {
        let registry = MetricsRegistry(defaultBounds: [])
        Recorder(label: "a", factory: registry).record(3)
        #expect(registry.histogram("a") == .init(count: 1, sum: 3, buckets: []))
        #expect(registry.value("a") == nil)
    }
}
