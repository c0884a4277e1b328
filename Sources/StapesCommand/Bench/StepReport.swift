import StapesEngine
import StapesMetrics

/// What the engine's steps were, from its start to the end of the measurement, warm-up included: its metrics, in the
/// shape that reports print.
package struct StepReport: Encodable, Sendable, Equatable {
    /// Replayed steps of one plane, and eager ones by reason.
    package struct Plane: Encodable, Sendable, Equatable {
        package let replays: Int
        package let eager: Int
        package let eagerReasons: [String: Int]
    }

    /// Found and not found.
    package struct Lookups: Encodable, Sendable, Equatable {
        package let hits: Int
        package let misses: Int
    }

    package struct Bucket: Encodable, Sendable, Equatable {
        /// Seconds; null for the steps above all bounds.
        @Nullable package var upTo: Double?
        package let count: Int
    }

    package let encoder: Plane
    package let prefill: Plane
    package let decode: Plane
    /// Decode rows that were computed to fill up a graph.
    package let paddingRows: Int
    /// Decode rows that were launched ahead for sequences that had ended.
    package let lateRows: Int
    /// How often decode's rows and cross lengths were planned: once a change of members.
    package let planRebuilds: Int
    package let capturedBytes: Int
    package let windows: Lookups
    package let prefixPages: Lookups
    package let cachedBytes: Int
    /// Decode steps by duration; each bucket counts those above the bound before.
    package let decodeHistogram: [Bucket]

    package init(_ registry: MetricsRegistry) {
        func number(_ name: EngineMetricName, _ dimensions: KeyValuePairs<String, String> = [:]) -> Int {
            Int(registry.value(name.rawValue, dimensions) ?? 0)
        }
        func plane(_ name: String) -> Plane {
            var reasons: [String: Int] = [:]
            for reason in EagerReason.allCases {
                let count = number(.eagerSteps, ["plane": name, "reason": reason.rawValue])
                if count > 0 { reasons[reason.rawValue] = count }
            }
            return Plane(
                replays: number(.graphReplays, ["plane": name]), eager: reasons.values.reduce(0, +),
                eagerReasons: reasons)
        }
        func lookups(_ name: EngineMetricName) -> Lookups {
            Lookups(hits: number(name, ["result": "hit"]), misses: number(name, ["result": "miss"]))
        }
        encoder = plane("encoder")
        prefill = plane("prefill")
        decode = plane("decode")
        paddingRows = number(.paddingRows)
        lateRows = number(.lateRows)
        planRebuilds = number(.planRebuilds)
        capturedBytes = ["encoder", "prefill", "decode"].reduce(0) { $0 + number(.graphBytes, ["plane": $1]) }
        windows = lookups(.windowLookups)
        prefixPages = lookups(.prefixLookups)
        cachedBytes = number(.cachedBytes)
        decodeHistogram = registry.histogram(EngineMetricName.decodeStep.rawValue).map(Self.buckets) ?? []
    }

    private static func buckets(_ histogram: MetricSample.Histogram) -> [Bucket] {
        var below = 0
        var buckets: [Bucket] = []
        for bucket in histogram.buckets {
            let count = bucket.cumulativeCount - below
            if count > 0 { buckets.append(Bucket(upTo: bucket.upperBound, count: count)) }
            below = bucket.cumulativeCount
        }
        return histogram.count > below ? buckets + [Bucket(upTo: nil, count: histogram.count - below)] : buckets
    }

    /// For reading.
    var text: String {
        func steps(_ name: String, _ plane: Plane) -> String {
            let reasons = plane.eagerReasons.sorted { $0.key < $1.key }.map { ", \($0.value) eager (\($0.key))" }
            return "\(name) \(plane.replays) replayed\(reasons.joined())"
        }
        let histogram = decodeHistogram.map { bucket in
            bucket.upTo.map { "\(bucket.count) up to \(($0 * 1000).fixed(1)) ms" } ?? "\(bucket.count) longer"
        }
        return """
            steps: \(steps("encoder", encoder)); \(steps("prefill", prefill)); \(steps("decode", decode))
            decode steps: \(histogram.isEmpty ? "none" : histogram.joined(separator: ", "))
            \(paddingRows) padded and \(lateRows) late rows, \(planRebuilds) plans, \(capturedBytes) bytes of graphs
            windows found \(windows.hits), encoded \(windows.misses); prompt pages found \(prefixPages.hits), run \(prefixPages.misses); \(cachedBytes) bytes kept

            """
    }
}
