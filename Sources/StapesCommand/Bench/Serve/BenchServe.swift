import ArgumentParser
import StapesHub

/// `stapes bench serve`: how much a server does, and how fast it answers.
struct BenchServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Measure a server of the OpenAI-compatible API under load.",
        discussion: """
            For each number of workers, so many connections each send one file after the other until the duration is \
            over; requests that have begun are waited for and count. Files are sent in an order that the seed decides, \
            and each worker begins at another place in it. Rates are per second from the first request to the last \
            answer. Lines of the manifest with expect error are left out. One request goes first, unmeasured. For https \
            the client takes up to a core of its own.

            Exit status: 0 when at least one request brought a text.
            """)

    @Option(help: ArgumentHelp("The server, as in http://127.0.0.1:8000.", valueName: "address"))
    var url: String

    @Option(help: ArgumentHelp("The list, a JSON object a line, as 'bench wer' takes it.", valueName: "file"))
    var manifest: String

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Only lines of these categories; may be repeated.", valueName: "category"))
    var category: [String] = []

    @Option(
        help: ArgumentHelp("Workers, several numbers separated by commas. (default: 1)", valueName: "counts"),
        transform: OptionParsing.workers)
    var concurrency: [Int] = [1]

    @Option(
        help: ArgumentHelp("Seconds for each number of workers. (default: 30)", valueName: "seconds"),
        transform: OptionParsing.positiveSeconds)
    var duration: Double = 30

    @Option(
        help: ArgumentHelp(
            "Send each file this often, instead of as often as the duration lets: error rates of two runs are then of the same files.",
            valueName: "count"),
        transform: OptionParsing.repetitions)
    var passes: Int?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The model's name, as the server calls it. Its spellings are read for the error rate where it is here too.",
            valueName: "name"))
    var model: String = "whisper-1"

    @Option(
        help: ArgumentHelp("Key that the server asks for.", valueName: "key"), transform: OptionParsing.apiKey)
    var apiKey: String?

    @Flag(help: "Let the server find each language, instead of taking the manifest's.")
    var detectLanguage = false

    @Flag(help: "Ask for English text: the translations of the API.")
    var translate = false

    @Option(help: ArgumentHelp("json, text, srt, verbose_json or vtt.", valueName: "format"))
    var responseFormat: ResponseFormat = .json

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A further field of every request; may be repeated.", valueName: "name=value"),
        transform: OptionParsing.formField)
    var field: [FormField] = []

    @Option(
        help: ArgumentHelp("Decides the order of the files. (default: 0)", valueName: "number"),
        transform: OptionParsing.seed)
    var seed: UInt64 = 0

    @Option(
        help: ArgumentHelp("Seconds that an answer is waited for. (default: 600)", valueName: "seconds"),
        transform: OptionParsing.positiveSeconds)
    var timeout: Double = 600

    @Option(
        help: ArgumentHelp(
            "Share of requests that is hung up on at a random moment, 0 to 1. (default: 0)", valueName: "share"),
        transform: OptionParsing.share)
    var abandon: Double = 0

    @Option(help: ArgumentHelp("Write the texts of each file and their counts to this file.", valueName: "file"))
    var texts: String?

    @Option(
        help: ArgumentHelp(
            "Compare with the texts of an earlier run, as --texts wrote them, not with the first ones of this run.",
            valueName: "file"))
    var referenceTexts: String?

    @Option(help: .hidden)
    var transport: LoadTransport?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Models") var storeFlags: StoreFlags

    /// Seconds in which any number of passes is done.
    private static let longest = 1e6

    func run() async throws {
        let console = Console.process()
        let target = try ServeTarget(url)
        if target.isSecure && transport == .socket { throw CommandError(.usage, "the socket speaks no https") }
        let form = [("model", model), ("response_format", responseFormat.rawValue)] + field.map { ($0.name, $0.value) }
        let items = try LoadItem.items(
            of: try SpeechManifest(path: manifest, categories: category), target: target,
            endpoint: "/audio/" + (translate ? "translations" : "transcriptions"), apiKey: apiKey,
            form: form.map { (name: $0.0, value: $0.1) }, givesLanguage: !detectLanguage)
        var record =
            try referenceTexts.map { path throws(CommandError) in try TextRecord(reference: path) } ?? TextRecord()
        let scorer = responseFormat.isPlain ? try scorer() : nil
        let load = LoadRun(
            items: items, target: target, transport: transport ?? (target.isSecure ? .session : .socket),
            format: responseFormat, timeout: .seconds(timeout), abandonShare: abandon, seed: seed)

        if case .failed(let status, let cause) = await load.probe().outcome, [0, 401, 403, 404].contains(status) {
            throw CommandError(.input, "\(target.address): \(cause)")
        }
        var rows: [ServeReport.Row] = []
        for workers in concurrency {
            let start = ResourceUsage.processorSeconds()
            let samples = await load.run(
                workers: workers, duration: .seconds(passes == nil ? duration : Self.longest), passes: passes)
            rows.append(
                ServeReport.Row(
                    concurrency: workers, samples: samples, items: items, scorer: scorer, texts: &record,
                    clientCpuSeconds: ResourceUsage.processorSeconds() - start))
        }
        if let texts { try AtomicFile.write(try record.lines(), to: texts) }
        let report = ServeReport(
            url: target.address, model: model, responseFormat: responseFormat, durationSeconds: duration, seed: seed,
            files: items.count, rows: rows)
        console.result(json ? try JSONOutput.text(of: report) : report.text)
        if report.hasFailed { throw ExitCode(ExitStatus.failure.rawValue) }
    }

    /// With the model's table of spellings where the model is here, as `bench wer` has it.
    private func scorer() throws(CommandError) -> Scorer {
        guard let directory = try? storeFlags.store.resolve(model) else { return Scorer() }
        return try Scorer(modelDirectory: directory)
    }
}

extension ResponseFormat: ExpressibleByArgument {}
extension LoadTransport: ExpressibleByArgument {}

/// A field of a form, as `--field` names it.
package struct FormField: Sendable, Hashable {
    package let name: String
    package let value: String
}

extension OptionParsing {
    package static func formField(_ text: String) throws -> FormField {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw ValidationError("'\(text)' is no field; give one as in temperature=0")
        }
        return FormField(name: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
    }

    /// A key goes into a field of the head, where a line end would begin another.
    package static func apiKey(_ text: String) throws -> String {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ValidationError("a key is made of printable ASCII characters without spaces")
        }
        return text
    }

    /// Numbers of workers, separated by commas.
    package static func workers(_ text: String) throws -> [Int] {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let counts = parts.compactMap { Int($0) }
        guard counts.count == parts.count, counts.allSatisfy({ (1...1024).contains($0) }) else {
            throw ValidationError("'\(text)' is no list of workers; give numbers from 1 to 1024, as in 1,8,32")
        }
        return counts
    }

    package static func positiveSeconds(_ text: String) throws -> Double {
        guard let value = Double(text), value > 0, value <= 86400 else {
            throw ValidationError("'\(text)' is no number of seconds; give more than 0, at most a day")
        }
        return value
    }

    package static func share(_ text: String) throws -> Double {
        guard let value = Double(text), (0...1).contains(value) else {
            throw ValidationError("'\(text)' is no share; give 0 to 1")
        }
        return value
    }
}
