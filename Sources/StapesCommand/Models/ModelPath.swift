import ArgumentParser

struct ModelPath: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "path", abstract: "Print the folder of a model.")

    @OptionGroup var options: StoreFlags
    @Argument(help: "A name, hub id or folder.")
    var model: String

    func run() throws {
        Console.process().result(try options.store.resolve(model) + "\n")
    }
}
