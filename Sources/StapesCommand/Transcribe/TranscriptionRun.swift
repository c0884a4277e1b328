import Stapes
import StapesDecoding
import StapesFormats
import Synchronization

/// The work of `stapes transcribe` after everything is checked: each input through the engine, each result to its
/// place.
package final class TranscriptionRun: Sendable {
    private let engine: any SpeechEngine
    private let inputs: [Input]
    private let plan: OutputPlan
    private let layout: LayoutOptions
    private let options: TranscriptionOptions
    private let batchSize: Int
    private let verbose: Bool
    private let console: Console
    private let order = Mutex(OrderedTranscript())
    private let failedCount = Atomic<Int>(0)

    package init(
        engine: any SpeechEngine, inputs: [Input], plan: OutputPlan, layout: LayoutOptions = LayoutOptions(),
        options: TranscriptionOptions, batchSize: Int, verbose: Bool, console: Console
    ) {
        self.engine = engine
        self.inputs = inputs
        self.plan = plan
        self.layout = layout
        self.options = options
        self.batchSize = batchSize
        self.verbose = verbose
        self.console = console
    }

    /// - Returns: how many inputs failed. Each has been reported.
    package func run() async -> Int {
        await inFlight(inputs.count, limit: batchSize) { index in
            do {
                try await self.transcribe(index)
            } catch {
                self.failedCount.add(1, ordering: .relaxed)
                self.console.error("\(error)", file: self.inputs[index].name)
            }
            self.print { $0.finish(file: index) }
        }
        console.endProgress()
        return failedCount.load(ordering: .relaxed)
    }

    private func transcribe(_ index: Int) async throws {
        let input = inputs[index]
        let start = ContinuousClock.now
        let shown = Atomic<Int>(0)
        let transcription = try await engine.transcribe(input.source(), options: options) { event in
            switch event {
            case .segment(let segment):
                shown.add(1, ordering: .relaxed)
                self.show(segment, of: index)
            case .progress(let seconds, let total):
                self.showProgress(of: index, seconds: seconds, total: total, since: start)
            case .language(let language):
                if self.verbose {
                    self.console.line("\(input.name): language \(language.code) (\(language.probability.fixed(2)))")
                }
            case .statistics: break
            }
        }
        // Whatever the engine did not report on the way still belongs to the text.
        for segment in transcription.segments.dropFirst(shown.load(ordering: .relaxed)) { show(segment, of: index) }
        try keep(transcription, of: index)
        if verbose {
            let wall = start.duration(to: .now).seconds
            let speed = wall > 0 ? (transcription.durationSeconds / wall).fixed(1) : "-"
            console.line(
                "\(input.name): \(transcription.durationSeconds.fixed(1)) s of audio in \(wall.fixed(2)) s, "
                    + "\(speed) x real time, language \(transcription.language)")
        }
    }

    /// The text on the way: the result itself where nothing else was asked for, a look at it with `--verbose`.
    private func show(_ segment: Segment, of index: Int) {
        let text: String?
        switch plan {
        case .text: text = console.outputIsTerminal ? Rendering.timedLine(segment) : renderTextLine(segment)
        case .files: text = verbose ? Rendering.timedLine(segment) : nil
        case .stream(.jsonl): text = renderLine(segment)
        case .stream: text = nil
        }
        if let text { print { $0.append(text, file: index) } }
    }

    private func keep(_ transcription: Transcription, of index: Int) throws(CommandError) {
        switch plan {
        case .text, .stream(.jsonl): break
        case .stream(let format):
            let text = Rendering.render(transcription, as: format, layout: layout)
            // Results follow each other, so each ends its line.
            let ending = text.isEmpty || text.last?.isNewline == true ? "" : "\n"
            print { $0.append(text + ending, file: index) }
        case .files:
            for (format, path) in plan.paths(for: inputs[index]) {
                try AtomicFile.write(Rendering.render(transcription, as: format, layout: layout), to: path)
            }
        }
    }

    /// Changes the order and prints what that lets through, as one step: otherwise two files could swap lines.
    private func print(_ change: (inout OrderedTranscript) -> String) {
        order.withLock { console.result(change(&$0)) }
    }

    /// One line for all files in flight: that of the file whose text comes next.
    private func showProgress(of index: Int, seconds: Double, total: Double, since start: ContinuousClock.Instant) {
        guard order.withLock({ $0.current }) == index else { return }
        let number = inputs.count > 1 ? "\(index + 1)/\(inputs.count) " : ""
        console.progress(
            ProgressLine(
                label: number + inputs[index].shortName, doneSeconds: seconds, totalSeconds: total,
                elapsedSeconds: start.duration(to: .now).seconds))
    }
}
