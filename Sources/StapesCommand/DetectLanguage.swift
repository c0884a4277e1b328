import ArgumentParser
import Stapes
import StapesTokenizer

/// `stapes detect-language`: which language is spoken.
struct DetectLanguage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell which language is spoken, from the first 30 seconds.",
        discussion: "Prints a line a file: code, name and probability, then the file, separated by tabs.")

    @Argument(help: ArgumentHelp("Files, folders, patterns or - for standard input.", valueName: "file"))
    var inputs: [String]

    @Flag(help: "Print JSON: a list with audio, code, name and probability.")
    var json = false

    @OptionGroup(title: "Engine") var engine: EngineFlags

    func run() async throws {
        let console = Console.process()
        let expansion = try InputExpansion(inputs)
        for failure in expansion.failures { console.error(failure.cause, file: failure.name) }
        guard !expansion.inputs.isEmpty else { throw ExitCode(ExitStatus.failure.rawValue) }
        let engine = try await TranscriberEngine(engine, maximumBatchSize: 1, console: console)

        var failedCount = expansion.failures.count
        var found: [DetectedLanguage] = []
        for input in expansion.inputs {
            do {
                guard let best = try await engine.detectLanguage(input.source()).first else {
                    throw CommandError(.model, "the model knows only one language")
                }
                let language = DetectedLanguage(audio: input.name, best)
                if !json { console.result(language.line) }
                found.append(language)
            } catch {
                failedCount += 1
                console.error("\(error)", file: input.name)
            }
        }
        if json { console.result(try JSONOutput.text(of: found)) }
        if failedCount > 0 { throw ExitCode(ExitStatus.failure.rawValue) }
    }
}

package struct DetectedLanguage: Encodable, Sendable, Hashable {
    package let audio: String
    package let code: String
    package let name: String
    package let probability: Double

    package init(audio: String, _ language: LanguageProbability) {
        self.audio = audio
        code = language.code
        name = Languages.name(for: language.code) ?? language.code
        probability = Double(language.probability)
    }

    package var line: String { "\(code)\t\(name)\t\(probability.fixed(4))\t\(audio)\n" }
}
