import ArgumentParser
import Stapes
import StapesFormats

/// `stapes transcribe`: audio in, text out.
struct Transcribe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write down what is said in audio or video files.",
        usage: "stapes transcribe [<options>] <file> ...",
        discussion: """
            Inputs are files, folders (the audio files in them), patterns in quotes, or - for standard input.
            Without --output-dir and --output-format the text goes to standard output, with times when that is a \
            terminal. With --output-dir each input becomes <base>.<format> in that folder.

              stapes talk.mp3
              stapes talk.mp3 --language german --output-format srt --output-dir subtitles
              stapes recordings/ -f txt,json -o texts
              stapes translate rede.mp3
              stapes recordings/ -o texts --skip-existing
              stapes talk.mp3 -f jsonl -o - | jq .text
              ffmpeg -i film.mkv -f wav - | stapes - -f vtt -o -

            'stapes translate' is 'stapes transcribe --translate'.

            Exit status: 0 all done, 1 a file failed (the others are done), 2 wrong command line, 130 Ctrl-C.
            """)

    @Argument(help: ArgumentHelp("Files, folders, patterns or - for standard input.", valueName: "file"))
    var inputs: [String]

    @Option(
        name: [.customShort("f"), .long],
        help: ArgumentHelp(
            "Some of txt, vtt, srt, tsv, json, jsonl, lrc and csv, separated by commas; all stands for the first five, as in whisper. (default: all in a folder, txt on standard output)",
            valueName: "formats"),
        transform: OptionParsing.formats)
    var outputFormat: [OutputFormat]?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Folder for the results, made if missing; - is standard output.", valueName: "folder"))
    var outputDir: String?

    @Flag(help: "Leave out inputs whose results are all in the output folder already.")
    var skipExisting = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Batch size: files, or with --batched windows, that are worked on at the same time. (default: 4, or fewer \
            inputs; with --batched 8)
            """, valueName: "count"),
        transform: OptionParsing.batchSize)
    var batchSize: Int?

    @Option(
        help: ArgumentHelp(
            "Write what the engine counted (replays, windows found again, ...) in Prometheus's text format.",
            valueName: "file"))
    var metrics: String?

    @OptionGroup(title: "Speech") var task: TaskFlags
    @OptionGroup(title: "Decoding") var decoding: DecodingFlags
    @OptionGroup(title: "Subtitles") var layout: LayoutFlags
    @OptionGroup(title: "Engine") var engine: EngineFlags
    @OptionGroup(title: "Messages") var messages: ConsoleFlags

    func validate() throws {
        try layout.validate(wordTimestamps: decoding.words.wordTimestamps)
    }

    func run() async throws {
        let console = Console.process(progress: messages.progress, quiet: messages.quiet)
        let plan = try OutputPlan(outputDir: outputDir, formats: outputFormat)
        let expansion = try InputExpansion(inputs)
        try plan.checkCollisions(of: expansion.inputs)
        let due = skipExisting ? try plan.unfinished(expansion.inputs) : expansion.inputs
        for failure in expansion.failures { console.error(failure.cause, file: failure.name) }
        if !messages.quiet {
            let waiting = Set(due)
            for input in expansion.inputs where !waiting.contains(input) {
                console.line("\(input.name): skipped, its results are there")
            }
        }
        guard !due.isEmpty else {
            if expansion.failures.isEmpty { return }
            throw ExitCode(ExitStatus.failure.rawValue)
        }
        try engine.checkDevice()
        try plan.prepare(for: due)
        for warning in layout.warnings { console.warning(warning) }

        var options = decoding.options
        task.apply(to: &options)
        let batchSize = windowsInFlight(batchSize, files: due.count, options: options)
        let counted = EngineMetricsFile(path: metrics)
        let engine = try await TranscriberEngine(
            engine, maximumBatchSize: batchSize * options.rowsPerWindow, metrics: counted.registry, console: console)
        if messages.verbose { console.line(engine.facts.summary) }
        let run = TranscriptionRun(
            engine: engine, inputs: due, plan: plan, layout: layout.options, options: options,
            batchSize: batchSize, verbose: messages.verbose, console: console)
        let failedCount = await run.run() + expansion.failures.count
        try counted.write()
        if failedCount > 0 { throw ExitCode(ExitStatus.failure.rawValue) }
    }
}

/// Files that are worked on at the same time when nothing else is said and there are as many.
let defaultBatchSize = 4

/// Windows to make room for: one a file, or as many as wanted where those of a file are there side by side.
func windowsInFlight(_ wanted: Int?, files: Int, options: TranscriptionOptions) -> Int {
    options.batched ? wanted ?? 2 * defaultBatchSize : min(wanted ?? defaultBatchSize, files)
}

extension EngineFacts {
    /// One line for `--verbose`.
    var summary: String {
        "model \(model) in \(modelDirectory), device \(device)\(deviceReason.map { " (\($0))" } ?? ""), compute type \(computeType), \(threads) threads, "
            + "kernels \(kernels)\(usesOneDNN ? " and oneDNN" : ""), attention \(prefillAttention) and \(decodeAttention), "
            + "\(graphSummary), encoder of \(maximumEncoderBatchSize) at a time, look-ahead \(looksAhead ? "on" : "off"), "
            + "\(isDeterministic ? "deterministic" : "not deterministic"), \(ByteCount.words(cacheByteCount)) of cache"
    }

    private var graphSummary: String {
        guard decodeGraph.enabled else { return "decode graphs off (\(decodeGraph.reason))" }
        let rows = decodeGraphRows.map(String.init).joined(separator: ", ")
        let bytes = capturedGraphBytes.map { ", \(ByteCount.words($0))" } ?? ""
        return "decode graphs of \(rows) row\(decodeGraphRows == [1] ? "" : "s")\(bytes)"
    }
}
