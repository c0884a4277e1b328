import ArgumentParser
import Stapes
import StapesHub

/// `stapes doctor`: what this machine and this installation offer.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the engine finds on this machine.",
        discussion: "With --model the model is loaded, and what the engine chose for it is shown as well.")

    @Option(name: .shortAndLong, help: ArgumentHelp("A model to load: name, hub id or folder.", valueName: "model"))
    var model: String?

    @Option(help: ArgumentHelp("Folder that holds the models, instead of the cache folder.", valueName: "folder"))
    var modelDir: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let console = Console.process()
        let store = ModelStore(root: modelDir)
        var facts: EngineFacts?
        if let model {
            let directory: String
            do {
                directory = try store.resolve(model)
            } catch {
                throw CommandError(error)
            }
            facts = try await TranscriberEngine(
                TranscriberConfiguration(
                    modelDirectory: directory, instructionLevel: TranscriberEngine.instructionLevel), model: model
            ).facts
        }
        let report = DoctorReport(
            cpu: .current(), modelCache: store.root,
            models: store.list().map(DoctorReport.Model.init), engine: facts)
        console.result(json ? try JSONOutput.text(of: report) : report.text)
    }
}
