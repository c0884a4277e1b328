import ArgumentParser
import StapesAudio
import StapesMetrics

/// `stapes bench transcribe`: how fast files become text.
struct BenchTranscribe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transcribe",
        abstract: "Measure the speed of transcription, after loading and one warm-up.",
        discussion: """
            Every run encodes its windows anew. With --cache-size they are kept, and later runs find them.
            """)

    @Argument(help: ArgumentHelp("Files, folders, patterns or - for standard input.", valueName: "file"))
    var inputs: [String]

    @Option(
        name: .customLong("repeat"), parsing: .unconditional,
        help: ArgumentHelp("Measured runs. (default: 5)", valueName: "count"),
        transform: OptionParsing.repetitions)
    var repetitions: Int = 5

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Batch size: files, or with --batched windows, that are worked on at the same time. (default: 4, or fewer \
            inputs; with --batched 8)
            """, valueName: "count"),
        transform: OptionParsing.batchSize)
    var batchSize: Int?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Speech") var task: TaskFlags
    @OptionGroup(title: "Decoding") var decoding: DecodingFlags
    @OptionGroup(title: "Engine") var engine: EngineFlags

    func run() async throws {
        let console = Console.process()
        let expansion = try InputExpansion(inputs)
        if let failure = expansion.failures.first {
            throw CommandError(.input, "\(failure.name): \(failure.cause)")
        }
        var sources: [(name: String, audio: AudioSource)] = []
        for input in expansion.inputs { sources.append((input.name, try input.source())) }
        var options = decoding.options
        task.apply(to: &options)
        let batchSize = windowsInFlight(batchSize, files: sources.count, options: options)

        let registry = MetricsRegistry.engine()
        let start = ContinuousClock.now
        let engine = try await TranscriberEngine(
            engine, maximumBatchSize: batchSize * options.rowsPerWindow, keepsNothing: engine.cacheSize == nil,
            metrics: registry,
            console: console)
        let loadSeconds = start.duration(to: .now).seconds

        let speed = SpeedRun(engine: engine, sources: sources, options: options, batchSize: batchSize)
        let audioSeconds = try await speed.run().audioSeconds
        var runs: [SpeedReport.Run] = []
        for _ in 0..<repetitions { runs.append(try await speed.run().run) }
        let report = SpeedReport(
            engine: engine.facts, batchSize: batchSize, audioSeconds: audioSeconds, loadSeconds: loadSeconds,
            runs: runs, peakRssBytes: ResourceUsage.peakResidentByteCount(),
            steps: StepReport(registry))
        console.result(json ? try JSONOutput.text(of: report) : report.text)
    }
}
