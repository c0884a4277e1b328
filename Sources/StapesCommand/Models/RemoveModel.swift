import ArgumentParser

struct RemoveModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove models from the cache.",
        discussion: "Also what an unfinished pull left. Directories outside the cache are never removed.")

    @OptionGroup var options: StoreOptions
    @Argument(help: ArgumentHelp("Names or hub ids.", valueName: "model"))
    var models: [String]

    func run() throws {
        for model in models {
            for path in try options.store.remove(model) { print("removed \(path)") }
        }
    }
}
