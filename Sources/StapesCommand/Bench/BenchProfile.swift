import ArgumentParser
import Stapes
import StapesEngine
import StapesModel
import StapesTokenizer

/// `stapes bench profile`: where the time of a window's encoding and of a decode step goes.
struct BenchProfile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Measure each operation of a window's encoding and of a decode step.",
        discussion: """
            Operations are launched one by one, without graphs. Features are made up. Times are of all calls of an \
            operation in one step.
            """)

    @Option(
        help: ArgumentHelp("Measured steps. (default: 20)", valueName: "count"),
        transform: OptionParsing.repetitions)
    var steps: Int = 20

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
        let directory = try engine.modelFlags.resolve()
        var wishes = engine.configuration(modelDirectory: directory, maximumBatchSize: 1)
        wishes.instructionLevel = TranscriberEngine.instructionLevel
        let checkpoint = try Checkpoint(directory: directory)
        let special = try Tokenizer(
            directory: directory, vocabularySize: checkpoint.configuration.vocabularySize
        ).special
        let configuration = try EngineConfiguration(wishes, special: special)
        let profile = try StepProfile(configuration, checkpoint: checkpoint)
        return ProfileReport(
            model: engine.modelFlags.name, computeType: configuration.resolvedComputeType.rawValue,
            threads: configuration.threads,
            encode: try profile.encode(repetitions: steps).map(ProfileReport.Operation.init),
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
    let encode: [Operation]
    let decode: [Operation]

    /// For reading.
    var text: String {
        var lines = ["\(model), \(computeType), \(threads) threads; microseconds a step"]
        for (step, operations) in [("encode", encode), ("decode", decode)] {
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
