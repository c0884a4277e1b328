import ArgumentParser
import StapesHub
import Synchronization

struct PullModel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Fetch models into the cache.",
        discussion: """
            A model is a known name (\(ModelCatalogue.names.joined(separator: ", "))) or a hub id (org/name). \
            Prints the folder of each. An interrupted pull goes on where it stopped. \
            HF_ENDPOINT names another hub, HF_TOKEN gives a token for it.
            """
    )

    @OptionGroup var options: StoreFlags
    @Argument(help: ArgumentHelp("Names or hub ids.", valueName: "model"))
    var models: [String]
    @Option(help: "Branch, tag or commit.")
    var revision = "main"
    @Option(
        help: ArgumentHelp("Address of the hub. (default: $HF_ENDPOINT, else https://huggingface.co)", valueName: "url")
    )
    var endpoint: String?
    @Flag(help: "Fetch again what is there.")
    var force = false
    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    func run() async throws {
        var pull = PullOptions()
        pull.revision = revision
        pull.endpoint = endpoint ?? pull.endpoint
        pull.isForced = force
        pull.isOffline = pull.isOffline || options.offline
        let console = Console.process(progress: .auto, quiet: quiet)
        defer { console.endProgress() }
        for model in models {
            let pulled = try await options.store.pull(model, options: pull, progress: Self.meter(model, on: console))
            console.endProgress()
            console.result(pulled.path + "\n")
        }
    }

    /// Shows a pull's progress. What an earlier pull had left counts as done, but not for the speed.
    private static func meter(_ model: String, on console: Console) -> @Sendable (PullProgress) -> Void {
        let first = Mutex<(count: Int, time: ContinuousClock.Instant)?>(nil)
        return { progress in
            let now = ContinuousClock.now
            let start = first.withLock { first in
                let start = first ?? (progress.receivedByteCount, now)
                first = start
                return start
            }
            console.progress(
                ProgressLine(
                    label: "\(model) \(progress.file)", doneBytes: progress.receivedByteCount,
                    totalBytes: progress.totalByteCount, freshBytes: progress.receivedByteCount - start.count,
                    elapsedSeconds: start.time.duration(to: now).seconds))
        }
    }
}
