import ArgumentParser
import StapesHub

/// Which model, and where models are kept.
struct ModelFlags: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Model: a name (base, tiny.en, ...), a hub id (org/name), a folder or a ggml file. (default: base; doctor: "
                + "none)",
            valueName: "model"))
    var model: String?

    @OptionGroup var storeFlags: StoreFlags

    /// What stands for the model when none is named.
    var name: String { model ?? "base" }

    /// - Throws: `CommandError.Code.model`, or `usage` for a name that can stand for no model.
    func resolve() throws(CommandError) -> String {
        do {
            return try storeFlags.store.resolve(name)
        } catch {
            throw CommandError(error)
        }
    }
}
