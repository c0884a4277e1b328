import Metrics
import StapesMetrics
import Testing

struct PrometheusTextTests {
    @Test("counters, gauges and histograms are written exactly so")
    func example() {
        let registry = MetricsRegistry(bounds: ["http.request.seconds": [0.005, 0.1, 1]])
        let steps = [("route", "graph"), ("plane", "decode")]
        Counter(label: "stapes_steps_total", dimensions: steps, factory: registry).increment(by: 12)
        Counter(label: "stapes_steps_total", dimensions: [("plane", "prefill")], factory: registry).increment()
        FloatingPointCounter(label: "audio_seconds_total", factory: registry).increment(by: 30.5)
        Meter(label: "queue.depth", factory: registry).set(-3)
        let timer = Timer(label: "http.request.seconds", dimensions: [("path", "/v1")], factory: registry)
        for milliseconds in [5, 50, 70, 2000] { timer.recordMilliseconds(milliseconds) }
        #expect(
            PrometheusText.render(registry.samples) == """
                # TYPE audio_seconds_total counter
                audio_seconds_total 30.5
                # TYPE http_request_seconds histogram
                http_request_seconds_bucket{path="/v1",le="0.005"} 1
                http_request_seconds_bucket{path="/v1",le="0.1"} 3
                http_request_seconds_bucket{path="/v1",le="1"} 3
                http_request_seconds_bucket{path="/v1",le="+Inf"} 4
                http_request_seconds_sum{path="/v1"} 2.125
                http_request_seconds_count{path="/v1"} 4
                # TYPE queue_depth gauge
                queue_depth -3
                # TYPE stapes_steps_total counter
                stapes_steps_total{plane="decode",route="graph"} 12
                stapes_steps_total{plane="prefill"} 1

                """)
        #expect(PrometheusText.render([]) == "")
    }

    @Test("values of labels are escaped, a line feed after a carriage return too")
    func valuesAreEscaped() {
        let sample = MetricSample(MetricKey("a", [("x", "C:\\n \"q\"\nü\r\n")]), .gauge(1))
        #expect(PrometheusText.render([sample]) == "# TYPE a gauge\na{x=\"C:\\\\n \\\"q\\\"\\nü\r\\n\"} 1\n")
    }

    @Test(
        "names keep what a name may have",
        arguments: [
            ("http.server-requests", "http_server_requests", "http_server_requests"),
            ("job:rate_5m", "job:rate_5m", "job_rate_5m"),
            ("2xx", "_2xx", "_2xx"), ("größe", "gr__e", "gr__e"), ("", "_", "_"),
        ])
    func namesAreLegal(text: String, metric: String, label: String) {
        let sample = MetricSample(MetricKey(text, [(text, "")]), .gauge(1))
        #expect(PrometheusText.render([sample]) == "# TYPE \(metric) gauge\n\(metric){\(label)=\"\"} 1\n")
    }

    @Test(
        "numbers are written as Go reads them",
        arguments: [
            (0, "0"), (-0.0, "0"), (1e15, "1000000000000000"), (0.1, "0.1"), (1e-7, "1e-07"), (1e300, "1e+300"),
            (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
        ] as [(Double, String)])
    func numbers(value: Double, text: String) {
        #expect(PrometheusText.render([MetricSample(MetricKey("a"), .gauge(value))]) == "# TYPE a gauge\na \(text)\n")
    }
}
