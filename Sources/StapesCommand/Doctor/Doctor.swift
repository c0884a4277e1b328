import ArgumentParser
import Stapes
import StapesHub

/// `stapes doctor`: what this machine and this installation offer.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the engine finds on this machine.",
        discussion: """
            With --model or --random-weights, what the engine would choose for that model is shown as well, and the \
            memory its requests take. The weights are not loaded.

              stapes doctor --model base
              stapes doctor --random-weights large-v3 --compute-type bfloat16
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("A model to look at: name, hub id or folder.", valueName: "model"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "A published model's shape to look at, of which nothing is installed: tiny, large-v3, turbo, ...",
            valueName: "name"),
        transform: OptionParsing.publishedShape)
    var randomWeights: PublishedShape?

    @Option(
        help: ArgumentHelp(
            "Number format of the weights in use: auto, float32 or bfloat16. (default: auto)", valueName: "type"),
        transform: OptionParsing.computeType)
    var computeType: ComputeType?

    @Option(help: ArgumentHelp("Folder that holds the models, instead of the cache folder.", valueName: "folder"))
    var modelDir: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if model != nil, randomWeights != nil { throw ValidationError("give --model or --random-weights, not both") }
        if computeType != nil, model == nil, randomWeights == nil {
            throw ValidationError("--compute-type needs --model or --random-weights")
        }
    }

    func run() async throws {
        let console = Console.process()
        let store = ModelStore(root: modelDir)
        let report = DoctorReport(
            cpu: .current(), modelCache: store.root,
            models: store.list().map(DoctorReport.Model.init), engine: try facts(store))
        console.result(json ? try JSONOutput.text(of: report) : report.text)
    }

    /// What the engine would say of the model that was named, nil if none was.
    private func facts(_ store: ModelStore) throws(CommandError) -> EngineFacts? {
        var wishes = TranscriberConfiguration(modelDirectory: "", computeType: computeType ?? .auto)
        wishes.instructionLevel = TranscriberEngine.instructionLevel
        do {
            if let randomWeights {
                return EngineFacts(
                    try EngineDescription(wishes, model: randomWeights.configuration), model: randomWeights.name,
                    modelDirectory: "")
            }
            guard let model else { return nil }
            wishes.modelDirectory = try store.resolve(model)
            return EngineFacts(
                try EngineDescription(previewOf: wishes), model: model, modelDirectory: wishes.modelDirectory)
        } catch let error as HubError {
            throw CommandError(error)
        } catch {
            throw CommandError(.model, "\(error)", cause: error)
        }
    }
}
