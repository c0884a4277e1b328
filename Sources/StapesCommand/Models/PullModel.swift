import ArgumentParser
import Foundation
import StapesHub

struct PullModel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Fetch models into the cache.",
        discussion: """
            A model is a known name (\(ModelCatalogue.names.joined(separator: ", "))) or a hub id (org/name). \
            Prints the directory of each. An interrupted pull goes on where it stopped. \
            HF_ENDPOINT names another hub, HF_TOKEN gives a token for it.
            """
    )

    @OptionGroup var options: StoreOptions
    @Argument(help: ArgumentHelp("Names or hub ids.", valueName: "model"))
    var models: [String]
    @Option(help: "Branch, tag or commit.")
    var revision = "main"
    @Option(
        help: ArgumentHelp("Address of the hub (default: $HF_ENDPOINT, else https://huggingface.co).", valueName: "url")
    )
    var endpoint: String?
    @Flag(name: .customLong("force"), help: "Fetch again what is there.")
    var isForced = false
    @Flag(name: [.customLong("quiet"), .customShort("q")], help: "Show no progress.")
    var isQuiet = false

    func run() async throws {
        var pull = PullOptions()
        pull.revision = revision
        pull.endpoint = endpoint ?? pull.endpoint
        pull.isForced = isForced
        pull.isOffline = pull.isOffline || options.isOffline
        for model in models {
            let bar = isQuiet ? nil : ProgressBar(label: model)
            defer { bar?.clear() }
            let pulled = try await options.store.pull(model, options: pull) { bar?.show($0) }
            bar?.clear()
            print(pulled.path)
        }
    }
}
