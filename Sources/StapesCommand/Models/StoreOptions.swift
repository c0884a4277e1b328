import ArgumentParser
import StapesHub

/// Flags every `models` subcommand takes.
struct StoreOptions: ParsableArguments {
    @Option(
        name: .customLong("model-dir"),
        help: ArgumentHelp(
            "Where models are kept (default: $STAPES_CACHE, else stapes/models in $XDG_CACHE_HOME or ~/.cache).",
            valueName: "directory"))
    var modelDirectory: String?

    @Flag(name: .customLong("offline"), help: "Never touch the network (only 'pull' ever does).")
    var isOffline = false

    var store: ModelStore { ModelStore(root: modelDirectory) }
}
