import ArgumentParser
import FoundationEssentials
import Stapes
import StapesAudio
import StapesEngine
import StapesModel
import StapesTokenizer

/// `stapes bench forced`: logits of one device or number format beside those of another, step by step.
struct BenchForced: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forced",
        abstract: "Compare the logits of each step with those that another device or number format gave.",
        discussion: """
            First --record along the likeliest tokens of each recording's first window, without times, usually with \
            --compute-type float32 on the CPU; then --reference, which goes along the same tokens, whatever it would \
            have chosen. Steps whose two likeliest logits are nearer than \(ForcedReport.tieGap) are ties.
            """)

    @Option(help: ArgumentHelp("The list, a JSON object a line, as 'bench wer' takes it.", valueName: "file"))
    var manifest: String

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Only lines of these categories; may be repeated.", valueName: "category"))
    var category: [String] = []

    @Option(help: ArgumentHelp("Write the steps to this file.", valueName: "file"))
    var record: String?

    @Option(help: ArgumentHelp("Compare with the steps of this file.", valueName: "file"))
    var reference: String?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Engine") var engine: EngineFlags

    /// Of the likeliest tokens of a step, these are recorded.
    private static let recordedTokens = 8
    /// Steps of a window; more come of a model that has lost its way.
    private static let mostSteps = 220

    func validate() throws {
        if (record == nil) == (reference == nil) { throw ValidationError("give --record or --reference") }
    }

    func run() async throws {
        let console = Console.process()
        do {
            let forced = try Forced(engine, lines: SpeechManifest(path: manifest, categories: category))
            if let record {
                let steps = try forced.record(tokens: Self.recordedTokens, mostSteps: Self.mostSteps)
                try AtomicFile.write(String(decoding: try JSONEncoder().encode(steps), as: UTF8.self), to: record)
                console.line("\(steps.clips.reduce(0) { $0 + $1.steps.count }) steps of \(steps.clips.count) clips")
            }
            if let reference {
                let report = try forced.compare(try Self.read(reference))
                console.result(json ? try JSONOutput.text(of: report) : report.text)
            }
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError(.model, "\(error)", cause: error)
        }
    }

    private static func read(_ path: String) throws(CommandError) -> ForcedRecord {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(.input, "\(path): cannot be read")
        }
        do {
            return try JSONDecoder().decode(ForcedRecord.self, from: data)
        } catch {
            throw CommandError(.input, "\(path): not a file that --record wrote", cause: error)
        }
    }
}

/// The model, its words and the recordings.
private struct Forced {
    let name: String
    let device: String
    let computeType: String
    let steps: ForcedSteps
    let special: SpecialTokens
    let tokenizer: Tokenizer
    let manifest: SpeechManifest

    init(_ engine: EngineFlags, lines: SpeechManifest) throws {
        let directory = try engine.modelFlags.resolve()
        var wishes = engine.configuration(modelDirectory: directory, maximumBatchSize: 1)
        wishes.instructionLevel = TranscriberEngine.instructionLevel
        let checkpoint = try Checkpoint(directory: directory)
        tokenizer = try Tokenizer(
            directory: directory, vocabularySize: checkpoint.configuration.vocabularySize)
        special = tokenizer.special
        let configuration = try EngineConfiguration(wishes, special: special)
        steps = try ForcedSteps(configuration, checkpoint: checkpoint)
        name = engine.modelFlags.name
        device = configuration.device.device.description
        computeType = configuration.resolvedComputeType.rawValue
        manifest = lines
    }

    func record(tokens: Int, mostSteps: Int) throws -> ForcedRecord {
        var clips: [ForcedRecord.Clip] = []
        for line in manifest.lines where line.expectation == .text {
            let prompt = prompt(of: line)
            var recorded: [ForcedRecord.Step] = []
            try steps.run(features: try features(of: line), tokens: prompt) { logits in
                let step = ForcedRecord.Step(logits, count: tokens)
                recorded.append(step)
                guard let token = step.tokens.first, token != special.endOfText, recorded.count < mostSteps else {
                    return nil
                }
                return token
            }
            clips.append(ForcedRecord.Clip(audio: line.audio, prompt: prompt, steps: recorded))
        }
        return ForcedRecord(model: name, computeType: computeType, clips: clips)
    }

    func compare(_ record: ForcedRecord) throws -> ForcedReport {
        var report = ForcedReport(
            model: name, device: device, computeType: computeType, referenceComputeType: record.computeType)
        let lines = Dictionary(manifest.lines.map { ($0.audio, $0) }) { first, _ in first }
        for clip in record.clips {
            guard let line = lines[clip.audio] else { continue }
            try check(clip)
            report.begin()
            var step = 0
            try steps.run(features: try features(of: line), tokens: clip.prompt) { logits in
                report.add(logits, reference: clip.steps[step], audio: clip.audio, step: step)
                defer { step += 1 }
                return step + 1 < clip.steps.count ? clip.steps[step].tokens[0] : nil
            }
        }
        report.finish()
        guard report.steps > 0 else { throw CommandError(.input, "the steps are of no recording of the manifest") }
        return report
    }

    /// A record of another model would index past the logits.
    private func check(_ clip: ForcedRecord.Clip) throws(CommandError) {
        let vocabulary = steps.model.vocabularySize
        let tokens = clip.prompt + clip.steps.flatMap(\.tokens)
        guard !clip.prompt.isEmpty, !clip.steps.isEmpty, tokens.allSatisfy({ (0..<vocabulary).contains($0) }),
            clip.steps.allSatisfy({ !$0.tokens.isEmpty && $0.tokens.count == $0.logits.count })
        else { throw CommandError(.input, "\(clip.audio): the steps are of another model") }
    }

    /// Start, language, task, no times.
    private func prompt(of line: SpeechManifest.Line) -> [Int] {
        guard special.isMultilingual else { return [special.startOfTranscript, special.noTimestamps] }
        let language = tokenizer.languageToken(line.language ?? "en") ?? special.languages.lowerBound
        return [special.startOfTranscript, language, special.transcribe, special.noTimestamps]
    }

    private func features(of line: SpeechManifest.Line) throws -> [Float] {
        let pcm: PCM
        do {
            pcm = try AudioDecoder.decode(.file(path: manifest.path(of: line)))
        } catch {
            throw CommandError(.input, "\(line.audio): \(error)", cause: error)
        }
        let mel = LogMelExtractor(bins: steps.model.melBins).extract(pcm)
        return mel.window(seek: 0, size: min(mel.contentFrames, LogMel.windowFrames))
    }
}
