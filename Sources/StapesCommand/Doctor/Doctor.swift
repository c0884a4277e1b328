import ArgumentParser
import Stapes

/// `stapes doctor`: what this machine and this installation offer.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the engine finds on this machine.",
        discussion: "With --model the model is loaded, and what the engine chose for it is shown as well.")

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Engine") var engine: EngineFlags

    func run() async throws {
        let console = Console.process()
        // Without a model the flags are still judged, so that a refusal shows.
        let attention = try engine.configuration(modelDirectory: "", maximumBatchSize: defaultBatchSize).attention()
        var facts: EngineFacts?
        if engine.modelFlags.model != nil {
            facts = try await TranscriberEngine(engine, maximumBatchSize: defaultBatchSize, console: console).facts
        } else if attention.decodeGraph.isWarning {
            console.warning("no decode graphs: \(attention.decodeGraph.reason)")
        }
        let store = engine.modelFlags.storeFlags.store
        let report = DoctorReport(
            cpu: .current(), modelCache: store.root, models: store.list().map(ModelRow.init),
            attention: DoctorReport.AttentionBackends(prefill: attention.prefill, decode: attention.decode),
            decodeGraph: DoctorReport.DecodeGraph(attention.decodeGraph), engine: facts)
        console.result(json ? try JSONOutput.text(of: report) : report.text)
    }
}
