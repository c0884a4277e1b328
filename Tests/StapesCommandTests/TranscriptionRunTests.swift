import Stapes
import StapesCommand
import StapesFormats
import StapesTesting
import Testing

@Suite struct TranscriptionRunTests {
    private func run(
        _ engine: FakeEngine, _ paths: [String], plan: OutputPlan = .text, layout: LayoutOptions = LayoutOptions(),
        batchSize: Int = 4, verbose: Bool = false, recorded: RecordedConsole
    ) async -> Int {
        await TranscriptionRun(
            engine: engine, inputs: paths.map { Input(.file(path: $0)) }, plan: plan, layout: layout,
            options: TranscriptionOptions(), batchSize: batchSize, verbose: verbose, console: recorded.console
        ).run()
    }

    @Test func textIsASegmentALineInInputOrder() async throws {
        let recorded = try RecordedConsole()
        let engine = FakeEngine(
            ["a": ["One.", "Two."], "b": ["Three."], "c": ["Four."]], waits: ["a": "c", "b": "a"])
        #expect(await run(engine, ["a", "b", "c"], recorded: recorded) == 0)
        #expect(recorded.output == "One.\nTwo.\nThree.\nFour.\n")
        #expect(engine.state.withLock { $0.finished } == ["c", "a", "b"])
    }

    @Test func terminalGetsTimes() async throws {
        let recorded = try RecordedConsole(outputIsTerminal: true)
        #expect(await run(FakeEngine(["a": ["One.", "", "Two."]]), ["a"], recorded: recorded) == 0)
        #expect(recorded.output == "[00:00.000 --> 00:05.000] One.\n[00:10.000 --> 00:15.000] Two.\n")
    }

    @Test func segmentsThatWereNotReportedOnTheWayAreStillPrinted() async throws {
        let recorded = try RecordedConsole()
        let engine = FakeEngine(["a": ["One.", "Two."]], reportsSegments: false)
        #expect(await run(engine, ["a"], recorded: recorded) == 0)
        #expect(recorded.output == "One.\nTwo.\n")
    }

    @Test func failedFileIsReportedAndTheOthersAreDone() async throws {
        let recorded = try RecordedConsole()
        #expect(await run(FakeEngine(["a": ["One."], "c": ["Two."]]), ["a", "b", "c"], recorded: recorded) == 1)
        #expect(recorded.output == "One.\nTwo.\n")
        #expect(recorded.messages == "stapes: b: cannot be decoded\n")
    }

    @Test(arguments: [1, 2, 3])
    func noMoreFilesAreInFlightThanAsked(_ batchSize: Int) async throws {
        let recorded = try RecordedConsole()
        let paths = (0..<12).map { "file\($0)" }
        let engine = FakeEngine(Dictionary(uniqueKeysWithValues: paths.map { ($0, [$0]) }))
        #expect(await run(engine, paths, batchSize: batchSize, recorded: recorded) == 0)
        #expect(engine.state.withLock { $0.mostInFlight } <= batchSize)
        #expect(recorded.output == paths.map { $0 + "\n" }.joined())
    }

    @Test func filesAreWrittenAndStandardOutputStaysEmpty() async throws {
        let recorded = try RecordedConsole()
        let folder = try TemporaryDirectory()
        let plan = OutputPlan.files(folder: folder.path, formats: [.txt, .json])
        #expect(await run(FakeEngine(["x/a.wav": ["One."]]), ["x/a.wav"], plan: plan, recorded: recorded) == 0)
        #expect(try folder.names() == ["a.json", "a.txt"])
        #expect(folder.text("a.txt") == "One.\n")
        #expect(recorded.output == "")
        #expect(recorded.messages == "")
    }

    @Test func verboseShowsTheTextAlsoWhereFilesAreWritten() async throws {
        let recorded = try RecordedConsole()
        let folder = try TemporaryDirectory()
        let plan = OutputPlan.files(folder: folder.path, formats: [.txt])
        #expect(await run(FakeEngine(["a": ["One."]]), ["a"], plan: plan, verbose: true, recorded: recorded) == 0)
        #expect(recorded.output == "[00:00.000 --> 00:05.000] One.\n")
        #expect(recorded.messages.hasPrefix("a: 5.0 s of audio in "))
    }

    @Test func resultThatCannotBeWrittenFailsItsFile() async throws {
        let recorded = try RecordedConsole()
        let folder = try TemporaryDirectory().path + "-gone"
        let plan = OutputPlan.files(folder: folder, formats: [.txt])
        #expect(await run(FakeEngine(["a": ["One."]]), ["a"], plan: plan, recorded: recorded) == 1)
        #expect(recorded.messages == "stapes: a: \(folder)/a.txt: no such file or directory\n")
    }

    @Test(arguments: [true, false])
    func jsonLinesComeASegmentAtATimeInInputOrder(reportsSegments: Bool) async throws {
        let recorded = try RecordedConsole()
        let engine = FakeEngine(["a": ["One.", "Two."], "c": ["Three."]], reportsSegments: reportsSegments)
        #expect(await run(engine, ["a", "b", "c"], plan: .stream(.jsonl), recorded: recorded) == 1)
        let lines = recorded.output.split(separator: "\n")
        #expect(lines.map { $0.hasPrefix("{\"id\": ") } == [true, true, true])
        for (line, word) in zip(lines, ["One.", "Two.", "Three."]) {
            #expect(line.contains("\"text\": \" \(word)\""))
        }
    }

    @Test func jsonLineIsPrintedBeforeItsFileIsDone() async throws {
        let recorded = try RecordedConsole()
        let engine = FakeEngine(["a": ["One."]], waitsAfterSegments: { recorded.output.hasSuffix("}\n") })
        #expect(await run(engine, ["a"], plan: .stream(.jsonl), recorded: recorded) == 0)
        #expect(recorded.output.count { $0 == "\n" } == 1)
    }

    @Test func layoutReachesTheSubtitles() async throws {
        let recorded = try RecordedConsole()
        let engine = FakeEngine(["a": ["One two."]], hasWords: true)
        let layout = LayoutOptions(maximumWordsPerLine: 1)
        #expect(await run(engine, ["a"], plan: .stream(.vtt), layout: layout, recorded: recorded) == 0)
        #expect(
            recorded.output
                == "WEBVTT\n\n00:00.000 --> 00:01.000\nOne\n\n00:01.000 --> 00:02.000\ntwo.\n\n")
        let folder = try TemporaryDirectory()
        let plan = OutputPlan.files(folder: folder.path, formats: [.vtt])
        #expect(await run(engine, ["a"], plan: plan, layout: layout, recorded: recorded) == 0)
        #expect(folder.text("a.vtt") == recorded.output)
    }

    @Test func streamedResultsEndTheirLines() async throws {
        let recorded = try RecordedConsole()
        let engine = FakeEngine(["a": ["One."], "b": ["Two."]])
        #expect(await run(engine, ["a", "b"], plan: .stream(.json), recorded: recorded) == 0)
        #expect(recorded.output.split(separator: "\n").count { $0.hasPrefix("{") } == 2)
        #expect(recorded.output.hasSuffix("}\n"))
    }
}
