import ArgumentParser
import Stapes
import StapesEngine
import StapesInstruments

/// `stapes bench decode`: how long a decode step takes, launched call by call and replayed as a graph.
struct BenchDecode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Measure decode steps, eager and by graph, in one run.",
        discussion: """
            Every step is run both ways in turn. Cross keys and values are random numbers of the model's shape, so no \
            audio is needed.
            """)

    @Option(
        help: ArgumentHelp("Rows of a step, several separated by commas. (default: 1,2,4,8)", valueName: "counts"),
        transform: OptionParsing.batchSizes)
    var batchSizes: [Int] = [1, 2, 4, 8]

    @Option(
        help: ArgumentHelp("Measured steps of each batch size. (default: 100)", valueName: "count"),
        transform: OptionParsing.repetitions)
    var steps: Int = 100

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
    }

    func run() async throws {
        let console = Console.process()
        let report: DecodeReport
        do {
            report = try measure()
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError(.model, "\(error)", cause: error)
        }
        console.result(json ? try JSONOutput.text(of: report) : report.text)
    }

    private func measure() throws -> DecodeReport {
        let model = try BenchedModel(engine, randomWeights: randomWeights, maximumBatchSize: batchSizes.max() ?? 1)
        let configuration = model.configuration
        let bench = try DecodeBench(configuration, checkpoint: model.checkpoint) { body in
            AllocationCounts.count(body)?.allocations
        }
        return DecodeReport(
            model: model.name, device: configuration.device.device,
            computeType: configuration.resolvedComputeType,
            threads: configuration.threads, rows: try batchSizes.map { try bench.run(batch: $0, steps: steps) })
    }
}

/// What `stapes bench decode` prints.
struct DecodeReport: Encodable {
    struct Times: Encodable {
        let p50Us: Double
        let p95Us: Double
        let minUs: Double

        init(_ times: StepTimes) {
            p50Us = times.medianMicroseconds
            p95Us = times.p95Microseconds
            minUs = times.minimumMicroseconds
        }
    }

    struct Row: Encodable {
        let batch: Int
        let eager: Times
        @Nullable var graph: Times?
        /// Graph over eager, medians; null without graphs.
        @Nullable var ratio: Double?
        let identicalTokens: Bool
        @Nullable var kernelsPerStep: Int?
        /// How often members and cross lengths were planned in all steps.
        let planRebuilds: Int
        @Nullable var allocationsPerReplay: Double?
    }

    let model: String
    let device: String
    let computeType: String
    let threads: Int
    let rows: [Row]

    init(model: String, device: Device, computeType: ComputeType, threads: Int, rows: [DecodeTimings]) {
        self.model = model
        self.device = "\(device)"
        self.computeType = computeType.rawValue
        self.threads = threads
        self.rows = rows.map { row in
            Row(
                batch: row.batch, eager: Times(row.eager), graph: row.graph.map(Times.init),
                ratio: row.graph.flatMap {
                    StapesCommand.ratio($0.medianMicroseconds, row.eager.medianMicroseconds)
                },
                identicalTokens: row.identicalTokens, kernelsPerStep: row.kernelsPerStep,
                planRebuilds: row.planRebuilds,
                allocationsPerReplay: row.allocationsPerReplay)
        }
    }

    /// For reading.
    var text: String {
        var lines = ["\(model), \(computeType), \(threads) threads; microseconds a step: median (minimum)"]
        for row in rows {
            let graph = row.graph.map { "graph \($0.p50Us.fixed(0)) (\($0.minUs.fixed(0)))" } ?? "no graph"
            lines.append(
                "batch \(row.batch): eager \(row.eager.p50Us.fixed(0)) (\(row.eager.minUs.fixed(0))), \(graph), "
                    + "tokens \(row.identicalTokens ? "identical" : "DIFFER"), "
                    + "\(row.allocationsPerReplay.map { "\($0.fixed(1)) allocations a replay, " } ?? "")"
                    + "plan rebuilds \(row.planRebuilds)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
