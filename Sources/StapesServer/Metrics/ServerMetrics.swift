import Metrics

/// What the server tells about its work, through swift-metrics.
final class ServerMetrics: Sendable {
    private let factory: any MetricsFactory
    private let waiting: Gauge
    private let active: Gauge
    private let uploads: Gauge
    private let spooled: Gauge
    private let sessions: Gauge
    private let connections: Gauge
    private let queueSeconds: Metrics.Timer
    private let audioSeconds: FloatingPointCounter
    private let speed: Recorder

    init(factory: any MetricsFactory) {
        self.factory = factory
        func gauge(_ name: ServerMetricName) -> Gauge {
            let gauge = Gauge(label: name.rawValue, dimensions: [], factory: factory)
            // What nobody has asked for yet is shown as well.
            gauge.record(0)
            return gauge
        }
        waiting = gauge(.queueDepth)
        active = gauge(.activeRequests)
        uploads = gauge(.uploads)
        spooled = gauge(.spoolBytes)
        sessions = gauge(.realtimeSessions)
        connections = gauge(.connections)
        queueSeconds = Metrics.Timer(label: ServerMetricName.queueTime.rawValue, dimensions: [], factory: factory)
        audioSeconds = FloatingPointCounter(
            label: ServerMetricName.audio.rawValue, dimensions: [], factory: factory)
        speed = Recorder(label: ServerMetricName.speed.rawValue, dimensions: [], aggregate: true, factory: factory)
    }

    func queue(waiting: Int, active: Int) {
        self.waiting.record(waiting)
        self.active.record(active)
    }

    func waited(_ duration: Duration) { queueSeconds.recordNanoseconds(duration.nanoseconds) }

    func uploads(_ count: Int) { uploads.record(count) }

    func spooled(bytes: Int) { spooled.record(bytes) }

    func realtimeSessions(_ count: Int) { sessions.record(count) }

    func connections(_ count: Int) { connections.record(count) }

    /// A request was answered whole.
    ///
    /// - Parameters:
    ///   - route: of the server's own list, never a client's text.
    ///   - duration: from the head's arrival to the last byte of the answer.
    func answered(route: String, method: String, status: Int, in duration: Duration) {
        let dimensions = [("route", route), ("method", method), ("status", "\(status)")]
        Counter(label: ServerMetricName.requests.rawValue, dimensions: dimensions, factory: factory).increment()
        Metrics.Timer(
            label: ServerMetricName.requestTime.rawValue, dimensions: [("route", route)], factory: factory
        ).recordNanoseconds(duration.nanoseconds)
    }

    /// A file was transcribed.
    func transcribed(seconds: Double, in duration: Duration) {
        audioSeconds.increment(by: seconds)
        let wall = duration / .seconds(1)
        if wall > 0 { speed.record(seconds / wall) }
    }
}

/// The names under which the server's metrics are found.
package enum ServerMetricName: String, Sendable, CaseIterable {
    /// Requests by `route`, `method` and `status`.
    case requests = "stapes_requests_total"
    /// From a request's head to the end of its answer; `route`.
    case requestTime = "stapes_request_seconds"
    /// Requests that wait for their turn.
    case queueDepth = "stapes_queue_depth"
    /// How long they waited.
    case queueTime = "stapes_queue_seconds"
    /// Requests that are worked on.
    case activeRequests = "stapes_active_requests"
    /// Requests whose body is on its way.
    case uploads = "stapes_uploads"
    /// Bytes of uploads that are held, in memory or in files.
    case spoolBytes = "stapes_spool_bytes"
    case realtimeSessions = "stapes_realtime_sessions"
    case connections = "stapes_connections"
    /// Seconds of audio that were transcribed.
    case audio = "stapes_audio_seconds_total"
    /// Seconds of audio for each second that a request was worked on.
    case speed = "stapes_real_time_factor"
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
