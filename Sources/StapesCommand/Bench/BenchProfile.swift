import ArgumentParser
import Stapes
import StapesEngine

/// `stapes bench profile`: where the time of an encoding and of a decode step goes.
struct BenchProfile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Measure each operation of an encoding and of a decode step.",
        discussion: """
            Operations are launched one by one, without graphs. Features are made up. Times are of all calls of an \
            operation in one step.
            """)

    @Option(
        help: ArgumentHelp("Measured steps. (default: 20)", valueName: "count"),
        transform: OptionParsing.repetitions)
    var steps: Int = 20

    @Option(
        help: ArgumentHelp("Windows that are encoded at once. (default: 1)", valueName: "count"),
        transform: OptionParsing.encoderBatchSize)
    var windows: Int = 1

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Engine") var engine: EngineFlags

    func run() async throws {
        let console = Console.process()
        let report: ProfileReport
        do {
            report = try measure()
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError(.model, "\(error)", cause: error)
        }
        console.result(json ? try JSONOutput.text(of: report) : report.text)
    }

    private func measure() throws -> ProfileReport {
        var model = try BenchedModel(engine, randomWeights: nil, maximumBatchSize: windows)
        model.configuration.encoderWindows = windows
        let profile = try StepProfile(model.configuration, checkpoint: model.checkpoint)
        return ProfileReport(
            model: model.name, computeType: model.configuration.resolvedComputeType.rawValue,
            threads: model.configuration.threads, windows: windows,
            encode: try profile.encode(windows: windows, repetitions: steps).map(ProfileReport.Operation.init),
            decode: try profile.decode(repetitions: steps).map(ProfileReport.Operation.init))
    }
}

/// What `stapes bench profile` prints.
struct ProfileReport: Encodable {
    struct Operation: Encodable {
        let name: String
        let calls: Int
        let p50Us: Double
        let minUs: Double

        init(_ operation: StepProfile.Operation) {
            name = operation.name
            calls = operation.calls
            p50Us = operation.times.medianMicroseconds
            minUs = operation.times.minimumMicroseconds
        }
    }

    let model: String
    let computeType: String
    let threads: Int
    /// Of the encoding.
    let windows: Int
    let encode: [Operation]
    let decode: [Operation]

    /// For reading.
    var text: String {
        var lines = ["\(model), \(computeType), \(threads) threads; microseconds a step"]
        let encoding = windows == 1 ? "encode" : "encode \(windows) windows"
        for (step, operations) in [(encoding, encode), ("decode", decode)] {
            lines += ["", "| \(step) | calls | median | minimum |", "|---|---|---|---|"]
            for operation in operations.sorted(by: { $0.p50Us > $1.p50Us }) {
                lines.append(
                    "| \(operation.name) | \(operation.calls) | \(operation.p50Us.fixed(0)) | "
                        + "\(operation.minUs.fixed(0)) |")
            }
            let total = operations.reduce((0.0, 0.0)) { ($0.0 + $1.p50Us, $0.1 + $1.minUs) }
            lines.append("| sum | | \(total.0.fixed(0)) | \(total.1.fixed(0)) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
