import ArgumentParser

struct RemoveModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove models from the cache.",
        discussion: "Also what an unfinished pull left. Folders outside the cache are never removed.")

    @OptionGroup var options: StoreFlags
    @Argument(help: ArgumentHelp("Names or hub ids.", valueName: "model"))
    var models: [String]

    func run() throws {
        let console = Console.process()
        for model in models {
            for path in try options.store.remove(model) { console.result("removed \(path)\n") }
        }
    }
}
