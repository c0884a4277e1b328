import FoundationEssentials
import Metrics
import StapesCommand
import StapesEngine
import StapesMetrics
import Testing

/// From an engine's metrics to what `bench transcribe` prints.
@Suite struct StepReportTests {
    private let registry = MetricsRegistry(bounds: [EngineMetricName.decodeStep.rawValue: [0.001, 0.002, 0.004]])

    private func count(_ name: EngineMetricName, _ dimensions: [(String, String)], _ number: Int) {
        Counter(label: name.rawValue, dimensions: dimensions, factory: registry).increment(by: number)
    }

    private func set(_ name: EngineMetricName, _ dimensions: [(String, String)], _ number: Int) {
        Gauge(label: name.rawValue, dimensions: dimensions, factory: registry).record(number)
    }

    private func report() -> StepReport {
        count(.graphReplays, [("plane", "encoder")], 3)
        count(.graphReplays, [("plane", "decode")], 70)
        count(.eagerSteps, [("plane", "decode"), ("reason", "no_graph_has_room")], 4)
        count(.eagerSteps, [("plane", "decode"), ("reason", "graphs_off")], 1)
        count(.eagerSteps, [("plane", "prefill"), ("reason", "padding_off")], 2)
        count(.paddingRows, [], 11)
        count(.lateRows, [], 5)
        count(.planRebuilds, [], 9)
        count(.windowLookups, [("result", "hit")], 6)
        count(.windowLookups, [("result", "miss")], 7)
        count(.prefixLookups, [("result", "hit")], 20)
        count(.prefixLookups, [("result", "miss")], 30)
        set(.cachedBytes, [], 4096)
        for (plane, bytes) in [("encoder", 100), ("prefill", 20), ("decode", 3)] {
            set(.graphBytes, [("plane", plane)], bytes)
        }
        let steps = Metrics.Timer(
            label: EngineMetricName.decodeStep.rawValue, dimensions: [], factory: registry)
        for microseconds in [400, 1000, 3000, 3500, 9000] { steps.recordMicroseconds(microseconds) }
        return StepReport(registry)
    }

    @Test func everyNumberIsTheMetricOfItsName() {
        let report = report()
        #expect(report.encoder.replays == 3 && report.encoder.eager == 0 && report.encoder.eagerReasons == [:])
        #expect(report.prefill.replays == 0 && report.prefill.eagerReasons == ["padding_off": 2])
        #expect(report.decode.replays == 70 && report.decode.eager == 5)
        #expect(report.decode.eagerReasons == ["no_graph_has_room": 4, "graphs_off": 1])
        #expect((report.paddingRows, report.lateRows, report.planRebuilds) == (11, 5, 9))
        #expect((report.windows.hits, report.windows.misses) == (6, 7))
        #expect((report.prefixPages.hits, report.prefixPages.misses) == (20, 30))
        #expect((report.capturedBytes, report.cachedBytes) == (123, 4096))
    }

    @Test func bucketsCountTheirOwnStepsAndEmptyOnesAreLeftOut() {
        let buckets = report().decodeHistogram
        #expect(buckets.map(\.upTo) == [0.001, 0.004, nil])
        #expect(buckets.map(\.count) == [2, 2, 1])
    }

    @Test func engineThatDidNothingReportsZeros() throws {
        let report = StepReport(registry)
        #expect(report.decode.replays == 0 && report.decode.eager == 0 && report.decodeHistogram == [])
        #expect(report.capturedBytes == 0 && report.windows.misses == 0)
        #expect(speed(report).text.contains("decode steps: none\n"))
    }

    @Test func jsonHasTheKeysThatAreReliedOn() throws {
        let text = try JSONOutput.text(of: speed(report()))
        let object = try JSONDecoder().decode([String: AnyJSON].self, from: Data(text.utf8))
        let steps = try #require(object["steps"]?.object)
        #expect(
            Set(steps.keys) == [
                "encoder", "prefill", "decode", "padding_rows", "late_rows", "plan_rebuilds", "captured_bytes",
                "windows", "prefix_pages", "cached_bytes", "decode_histogram",
            ])
        #expect(
            steps["decode"]?.object == [
                "replays": .number(70), "eager": .number(5),
                "eager_reasons": .object(["no_graph_has_room": .number(4), "graphs_off": .number(1)]),
            ])
        #expect(steps["windows"]?.object == ["hits": .number(6), "misses": .number(7)])
        #expect(
            steps["decode_histogram"]?.array?.last == .object(["up_to": .null, "count": .number(1)]))
    }

    @Test func textSaysTheSame() {
        #expect(
            speed(report()).text.hasSuffix(
                """
                steps: encoder 3 replayed; prefill 0 replayed, 2 eager (padding_off); \
                decode 70 replayed, 1 eager (graphs_off), 4 eager (no_graph_has_room)
                decode steps: 2 up to 1.0 ms, 2 up to 4.0 ms, 1 longer
                11 padded and 5 late rows, 9 plans, 123 bytes of graphs
                windows found 6, encoded 7; prompt pages found 20, run 30; 4096 bytes kept

                """))
    }

    private func speed(_ steps: StepReport) -> SpeedReport {
        SpeedReport(
            engine: FakeEngine([:]).facts, batchSize: 1, audioSeconds: 1, loadSeconds: 1, runs: [], peakRssBytes: 9,
            steps: steps)
    }
}
