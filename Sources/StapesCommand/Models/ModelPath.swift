import ArgumentParser

struct ModelPath: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "path", abstract: "Print the folder or file of a model.")

    @OptionGroup var options: StoreFlags
    @Argument(help: "A name, hub id, folder or ggml file.")
    var model: String

    func run() throws {
        Console.process().result(try options.store.resolve(model) + "\n")
    }
}
