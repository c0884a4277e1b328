import Hummingbird
import StapesMetrics

/// What the engine, the server and the system have counted, for Prometheus.
enum MetricsRoute {
    static func text(_ registry: MetricsRegistry?) -> Response {
        let samples = (registry?.samples ?? []) + ProcessMetrics.samples
        return Response(
            status: .ok, headers: [.contentType: PrometheusText.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: PrometheusText.render(samples))))
    }
}
