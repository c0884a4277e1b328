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
    /// With buckets that tell the engine's steps apart.
    static func engine() -> MetricsRegistry { MetricsRegistry(bounds: EngineMetricName.bounds) }
}

extension MetricsRegistry {
    /// With buckets for a server: decode steps, rows, and how much faster than the audio a request was.
    static func server() -> MetricsRegistry { .engine() }
}
