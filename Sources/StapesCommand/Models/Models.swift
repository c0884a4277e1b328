import ArgumentParser

/// `stapes models`: the models on this machine.
struct Models: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "List, fetch, find, check, remove and quantise models.",
        subcommands: [
            ListModels.self, PullModel.self, ModelPath.self, VerifyModel.self, RemoveModel.self, QuantizeModel.self,
        ]
    )
}
