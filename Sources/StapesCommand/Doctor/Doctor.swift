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
              stapes doctor --device cuda:0
            """)

    @Option(
        help: ArgumentHelp(
            "A published model's shape to look at, of which nothing is installed: tiny, large-v3, turbo, ...",
            valueName: "name"),
        transform: OptionParsing.publishedShape)
    var randomWeights: PublishedShape?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Engine") var engine: EngineFlags

    func validate() throws {
        if engine.modelFlags.model != nil, randomWeights != nil {
            throw ValidationError("give --model or --random-weights, not both")
        }
    }

    func run() async throws {
        let console = Console.process()
        var wishes = engine.configuration(modelDirectory: "", maximumBatchSize: defaultBatchSize)
        wishes.instructionLevel = TranscriberEngine.instructionLevel
        // Without a model the flags are still judged, so that a refusal shows.
        let preview: EnginePreview
        do throws(StapesError) {
            preview = try wishes.preview()
        } catch {
            throw CommandError(error)
        }
        let facts = try facts(&wishes)
        if let warning = facts.map(\.graphWarning) ?? preview.decodeGraph.warning { console.warning(warning) }
        let report = DoctorReport(
            cpu: .current(), gpus: .current(), modelCache: engine.modelFlags.storeFlags.store.root,
            models: engine.modelFlags.storeFlags.store.list().map(ModelRow.init), preview: preview, engine: facts)
        console.result(json ? try JSONOutput.text(of: report) : report.text)
    }

    /// What the engine would say of the model that was named, nil if none was.
    private func facts(_ wishes: inout TranscriberConfiguration) throws(CommandError) -> EngineFacts? {
        do {
            if let randomWeights {
                return EngineFacts(
                    try EngineDescription(wishes, model: randomWeights.configuration), model: randomWeights.name,
                    modelDirectory: "")
            }
            guard engine.modelFlags.model != nil else { return nil }
            wishes.modelDirectory = try engine.modelFlags.resolve()
            return EngineFacts(
                try EngineDescription(previewOf: wishes), model: engine.modelFlags.name,
                modelDirectory: wishes.modelDirectory)
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError(.model, "\(error)", cause: error)
        }
    }
}
