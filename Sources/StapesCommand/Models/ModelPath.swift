import ArgumentParser

struct ModelPath: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "path", abstract: "Print the directory of a model.")

    @OptionGroup var options: StoreOptions
    @Argument(help: "A name, hub id or directory.")
    var model: String

    func run() throws {
        print(try options.store.resolve(model))
    }
}
