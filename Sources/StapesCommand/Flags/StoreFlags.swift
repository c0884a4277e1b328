import ArgumentParser
import StapesHub

/// Where models are kept.
struct StoreFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Folder that holds the models. (default: $STAPES_CACHE, else stapes/models in $XDG_CACHE_HOME or ~/.cache)",
            valueName: "folder"))
    var modelDir: String?

    @Flag(help: "Never touch the network; only 'models pull' ever does.")
    var offline = false

    var store: ModelStore { ModelStore(root: modelDir) }
}
