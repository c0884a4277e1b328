import ArgumentParser
import Stapes
import StapesEngine

/// `stapes bench encode`: how long it takes to encode some windows at once, launched call by call and replayed as a graph.
struct BenchEncode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode",
        abstract: "Measure the encoding of windows, several at once, eager and by graph.",
        discussion: """
            Every step is run both ways in turn. Features are made up, so no audio is needed.
            """)

    @Option(
        help: ArgumentHelp(
            "Windows at once, several numbers separated by commas. (default: 1,2,4,8)", valueName: "counts"),
        transform: OptionParsing.encoderBatchSizes)
    var windows: [Int] = [1, 2, 4, 8]

    @Option(
        help: ArgumentHelp("Measured steps of each number of windows. (default: 20)", valueName: "count"),
        transform: OptionParsing.repetitions)
    var steps: Int = 20

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Engine") var engine: EngineFlags

    @Option(
        help: ArgumentHelp(
            "Instead of a model, a published shape with random weights: tiny, large-v3, turbo, ...",
            valueName: "name"),
        transform: OptionParsing.publishedShape)
    var randomWeights: PublishedShape?

    func validate() throws {
        if engine.modelFlags.model != nil, randomWeights != nil {
            throw ValidationError("give --model or --random-weights, not both")
        }
        if engine.encoderBatchSize != nil { throw ValidationError("give --windows, not --encoder-batch-size") }
    }

    func run() async throws {
        let console = Console.process()
        let report: EncodeReport
        do {
            report = try measure()
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError(.model, "\(error)", cause: error)
        }
        console.result(json ? try JSONOutput.text(of: report) : report.text)
    }

    private func measure() throws -> EncodeReport {
        let most = windows.max() ?? 1
        var model = try BenchedModel(engine, randomWeights: randomWeights, maximumBatchSize: most)
        model.configuration.encoderWindows = most
        let bench = try EncoderBench(model.configuration, checkpoint: model.checkpoint)
        return EncodeReport(
            model: model.name, device: "\(model.configuration.device.device)",
            computeType: model.configuration.resolvedComputeType.rawValue, threads: model.configuration.threads,
            rows: try windows.map { EncodeReport.Row(try bench.run(windows: $0, steps: steps)) })
    }
}

/// What `stapes bench encode` prints.
struct EncodeReport: Encodable {
    struct Row: Encodable {
        let windows: Int
        let eager: DecodeReport.Times
        @Nullable var graph: DecodeReport.Times?
        /// By the faster way, from the median.
        let windowsPerS: Double
        @Nullable var kernelsPerStep: Int?

        init(_ timings: EncoderBench.Timings) {
            windows = timings.windows
            eager = DecodeReport.Times(timings.eager)
            graph = timings.graph.map(DecodeReport.Times.init)
            let least = min(
                timings.eager.medianMicroseconds, timings.graph?.medianMicroseconds ?? .greatestFiniteMagnitude)
            windowsPerS = least > 0 ? Double(timings.windows) * 1e6 / least : 0
            kernelsPerStep = timings.kernelsPerStep
        }
    }

    let model: String
    let device: String
    let computeType: String
    let threads: Int
    let rows: [Row]

    /// For reading.
    var text: String {
        var lines = ["\(model), \(computeType), \(threads) threads; microseconds a step: median (minimum)"]
        for row in rows {
            let graph = row.graph.map { "graph \($0.p50Us.fixed(0)) (\($0.minUs.fixed(0)))" } ?? "no graph"
            lines.append(
                "windows \(row.windows): eager \(row.eager.p50Us.fixed(0)) (\(row.eager.minUs.fixed(0))), \(graph), "
                    + "\(row.windowsPerS.fixed(1)) windows/s")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
