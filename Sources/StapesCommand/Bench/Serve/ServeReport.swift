import StapesEvaluation

/// What `bench serve --json` prints. Rates are per second of wall time, from the start of the first request to the end of
/// the last; latencies are those of requests that brought a text.
package struct ServeReport: Encodable, Sendable, Equatable {
    package struct Row: Encodable, Sendable, Equatable {
        package let concurrency: Int
        /// All that got an answer or an error; not the abandoned ones.
        package private(set) var requests = 0
        package private(set) var failed = 0
        /// Hung up on, as --abandon asks.
        package private(set) var abandoned = 0
        package private(set) var wallSeconds = 0.0
        @Nullable package private(set) var reqPerS: Double?
        /// Null where the manifest does not tell how long a file is.
        @Nullable package private(set) var rtfx: Double?
        @Nullable package private(set) var windowsPerS: Double?
        @Nullable package private(set) var latencyMeanS: Double?
        @Nullable package private(set) var latencyP50S: Double?
        @Nullable package private(set) var latencyP95S: Double?
        @Nullable package private(set) var latencyP99S: Double?
        @Nullable package private(set) var latencyMaxS: Double?
        /// Over all answers to lines with a text; null for formats with times and without such lines.
        @Nullable package private(set) var errorRate: Double?
        /// Files that were answered at least once.
        package private(set) var distinctFiles = 0
        /// Answers with another text than the first one of the same file, of all rows, or than --reference-texts.
        package private(set) var differing = 0
        /// Answers by status; `none` without one.
        package private(set) var statuses: [String: Int] = [:]
        @Nullable package private(set) var firstFailure: String?
        /// Processor time of this process meanwhile.
        package let clientCpuSeconds: Double

        private enum CodingKeys: String, CodingKey {
            case concurrency, requests, failed, abandoned, wallSeconds, reqPerS, rtfx, windowsPerS
            // The encoder would not put its underscore between a number and a letter.
            case latencyMeanS = "latency_mean_s"
            case latencyP50S = "latency_p50_s"
            case latencyP95S = "latency_p95_s"
            case latencyP99S = "latency_p99_s"
            case latencyMaxS = "latency_max_s"
            case errorRate, distinctFiles, differing, statuses, firstFailure, clientCpuSeconds
        }

        /// - Parameter scorer: nil where texts cannot be compared.
        package init(
            concurrency: Int, samples: [LoadSample], items: [LoadItem], scorer: Scorer?, texts: inout TextRecord,
            clientCpuSeconds: Double
        ) {
            self.concurrency = concurrency
            self.clientCpuSeconds = clientCpuSeconds
            var latencies: [Double] = []
            var audioSeconds: Double? = 0
            var windows: Int? = 0
            var score = ErrorCount()
            var scores: [Int: [String: ErrorCount]] = [:]
            for sample in samples {
                let item = items[sample.item]
                switch sample.outcome {
                case .abandoned:
                    abandoned += 1
                    continue
                case .failed(let status, let cause):
                    failed += 1
                    statuses[status == 0 ? "none" : "\(status)", default: 0] += 1
                    firstFailure = firstFailure ?? "\(item.line.audio): \(cause)"
                case .text(let text):
                    statuses["200", default: 0] += 1
                    latencies.append(sample.seconds)
                    audioSeconds = audioSeconds.flatMap { sum in item.line.duration.map { sum + $0 } }
                    windows = windows.flatMap { sum in item.windows.map { sum + $0 } }
                    if texts.add(text, of: item.line.audio) { differing += 1 }
                    // The same text comes again and again; it is scored once.
                    let count = scores[sample.item]?[text] ?? Self.score(text, of: item, scorer)
                    scores[sample.item, default: [:]][text] = count
                    score += count
                }
                requests += 1
            }
            latencies.sort()
            if let first = samples.map(\.start).min(), let last = samples.map(\.end).max() {
                wallSeconds = first.duration(to: last).seconds
            }
            reqPerS = ratio(Double(latencies.count), wallSeconds)
            rtfx = audioSeconds.flatMap { ratio($0, wallSeconds) }
            windowsPerS = windows.flatMap { ratio(Double($0), wallSeconds) }
            latencyMeanS = ratio(latencies.reduce(0, +), Double(latencies.count))
            latencyP50S = Self.quantile(0.5, of: latencies)
            latencyP95S = Self.quantile(0.95, of: latencies)
            latencyP99S = Self.quantile(0.99, of: latencies)
            latencyMaxS = latencies.last
            errorRate = ratio(Double(score.errors), Double(score.words))
            distinctFiles = scores.count
        }

        private static func score(_ text: String, of item: LoadItem, _ scorer: Scorer?) -> ErrorCount {
            guard let scorer, item.line.expectation == .text else { return ErrorCount() }
            return scorer.count(reference: item.line.text ?? "", hypothesis: text, language: item.language)
        }

        /// The smallest value that at least this share of the values does not exceed; nil of nothing.
        package static func quantile(_ share: Double, of sorted: [Double]) -> Double? {
            if sorted.isEmpty { return nil }
            return sorted[min(sorted.count, max(1, Int((share * Double(sorted.count)).rounded(.up)))) - 1]
        }
    }

    package let url: String
    package let model: String
    package let responseFormat: String
    package let durationSeconds: Double
    package let seed: UInt64
    /// Files that are sent.
    package let files: Int
    package let rows: [Row]

    package init(
        url: String, model: String, responseFormat: ResponseFormat, durationSeconds: Double, seed: UInt64, files: Int,
        rows: [Row]
    ) {
        self.url = url
        self.model = model
        self.responseFormat = responseFormat.rawValue
        self.durationSeconds = durationSeconds
        self.seed = seed
        self.files = files
        self.rows = rows
    }

    /// Whether no request at all brought a text.
    package var hasFailed: Bool { rows.allSatisfy { $0.distinctFiles == 0 } }

    /// For reading.
    package var text: String {
        var lines = [
            ["workers", "requests", "failed", "req/s", "x real time", "p50 s", "p95 s", "p99 s", "errors", "differing"]
        ]
        for row in rows {
            lines.append([
                "\(row.concurrency)", "\(row.requests)", "\(row.failed)", Self.cell(row.reqPerS, 2),
                Self.cell(row.rtfx, 1), Self.cell(row.latencyP50S, 3), Self.cell(row.latencyP95S, 3),
                Self.cell(row.latencyP99S, 3), row.errorRate.map { ($0 * 100).fixed(2) + " %" } ?? "-",
                "\(row.differing)",
            ])
        }
        var text = "\(url), model \(model), \(files) files\n\n" + TextTable.text(of: lines)
        for row in rows {
            if row.abandoned > 0 { text += "\n\(row.concurrency) workers: \(row.abandoned) requests were hung up on\n" }
            if let cause = row.firstFailure { text += "\n\(row.concurrency) workers, first failure: \(cause)\n" }
        }
        return text
    }

    private static func cell(_ value: Double?, _ decimals: Int) -> String {
        value?.fixed(decimals) ?? "-"
    }
}
