import ArgumentParser

/// `stapes bench wer`: error rates over a manifest.
struct BenchWER: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wer",
        abstract: "Measure the error rate over a list of audio with known text.",
        discussion: """
            The manifest has one JSON object a line: audio (relative to the manifest's folder), text, language, category \
            and expect: text (scored, the default), empty, any or error. Chinese, Japanese and Korean are scored by \
            characters. A file that fails counts as one without a word.

            Exit status: 0 when every line did what its expect says, 3 when one did not.
            """)

    @Option(help: ArgumentHelp("The list, a JSON object a line.", valueName: "file"))
    var manifest: String

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Only lines of these categories; may be repeated.", valueName: "category"))
    var category: [String] = []

    @Flag(help: "Let the engine find each language, instead of taking the manifest's.")
    var detectLanguage = false

    @Flag(help: "Print JSON.")
    var json = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Batch size: files that are worked on at the same time. (default: 4)", valueName: "count"),
        transform: OptionParsing.batchSize)
    var batchSize: Int = defaultBatchSize

    @OptionGroup(title: "Decoding") var decoding: DecodingFlags
    @OptionGroup(title: "Engine") var engine: EngineFlags
    @OptionGroup(title: "Messages") var messages: ConsoleFlags

    func run() async throws {
        let console = Console.process(progress: messages.progress, quiet: messages.quiet)
        let manifest = try SpeechManifest(path: manifest, categories: category)
        let engine = try await TranscriberEngine(
            engine, maximumBatchSize: batchSize * decoding.options.rowsPerWindow, console: console)
        if messages.verbose { console.line(engine.facts.summary) }
        let run = WERRun(
            engine: engine, manifest: manifest, options: decoding.options, detectsLanguage: detectLanguage,
            batchSize: batchSize, scorer: try Scorer(modelDirectory: engine.facts.modelDirectory), console: console)
        let report = await run.run()
        console.result(
            json ? try JSONOutput.text(of: report) : WERTable.text(of: report, listsFiles: messages.verbose))
        if !report.failed.isEmpty { throw ExitCode(ExitStatus.expectationMissed.rawValue) }
    }
}
