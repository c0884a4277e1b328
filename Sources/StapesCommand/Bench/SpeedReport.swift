/// What `bench transcribe --json` prints. All times are seconds inside the process.
package struct SpeedReport: Encodable, Sendable, Equatable {
    /// All files once.
    package struct Run: Encodable, Sendable, Equatable {
        package let wallSeconds: Double
        /// The parts are sums over the files; with several in flight they overlap.
        package let featureSeconds: Double
        package let encodeSeconds: Double
        package let prefillSeconds: Double
        package let decodeSeconds: Double
        package let windows: Int
        package let tokens: Int
    }

    package let model: String
    package let device: String
    package let computeType: String
    package let threads: Int
    package let batchSize: Int
    package let audioSeconds: Double
    package let loadSeconds: Double
    package let runs: [Run]
    package let medianWallSeconds: Double
    @Nullable package var rtfx: Double?
    package let peakRssBytes: Int
    @Nullable package var steps: StepReport?

    package init(
        engine: EngineFacts, batchSize: Int, audioSeconds: Double, loadSeconds: Double, runs: [Run], peakRssBytes: Int,
        steps: StepReport? = nil
    ) {
        model = engine.model
        device = engine.device
        computeType = engine.computeType
        threads = engine.threads
        self.batchSize = batchSize
        self.audioSeconds = audioSeconds
        self.loadSeconds = loadSeconds
        self.runs = runs
        self.peakRssBytes = peakRssBytes
        self.steps = steps
        medianWallSeconds = Self.median(runs.map(\.wallSeconds))
        rtfx = ratio(audioSeconds, medianWallSeconds)
    }

    /// The middle value, or the mean of the two in the middle; 0 of nothing.
    package static func median(_ values: [Double]) -> Double {
        if values.isEmpty { return 0 }
        let sorted = values.sorted()
        let upper = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[upper] : (sorted[upper - 1] + sorted[upper]) / 2
    }

    /// For reading.
    package var text: String {
        var text = "model \(model), \(device), \(computeType), \(threads) threads, batch size \(batchSize)\n"
        text += "loaded in \(loadSeconds.fixed(3)) s, \(audioSeconds.fixed(1)) s of audio\n\n"
        for (index, run) in runs.enumerated() {
            text +=
                "run \(index + 1): \(run.wallSeconds.fixed(3)) s  features \(run.featureSeconds.fixed(3))  "
                + "encode \(run.encodeSeconds.fixed(3))  prefill \(run.prefillSeconds.fixed(3))  "
                + "decode \(run.decodeSeconds.fixed(3))  tokens \(run.tokens)\n"
        }
        text += "\nmedian \(medianWallSeconds.fixed(3)) s, \((rtfx ?? 0).fixed(1)) x real time, "
        text += "peak memory \((Double(peakRssBytes) / 1_048_576).fixed(0)) MiB\n"
        return text + (steps?.text ?? "")
    }
}
