import StapesEngine
import StapesMetrics

/// What the engine counted, for a file that monitoring reads.
struct EngineMetricsFile {
    let registry = MetricsRegistry.engine()
    let path: String?

    /// Writes the file, if one was asked for.
    ///
    /// - Throws: `CommandError.Code.output`
    func write() throws(CommandError) {
        guard let path else { return }
        try AtomicFile.write(PrometheusText.render(registry.samples), to: path)
    }
}

extension MetricsRegistry {
    /// With buckets that tell decode steps apart, from 50 microseconds on.
    static func engine() -> MetricsRegistry {
        let milliseconds = [0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 50, 100, 200, 500, 1000]
        return MetricsRegistry(bounds: [EngineMetricName.decodeStep.rawValue: milliseconds.map { $0 / 1000 }])
    }
}

extension MetricsRegistry {
    /// With buckets for a server: decode steps, rows, and how much faster than the audio a request was.
    static func server() -> MetricsRegistry { .engine() }
}
