import FoundationEssentials
import Stapes
import StapesAudio
import StapesCommand
import Testing

@Suite struct SpeedRunTests {
    @Test(arguments: [([], 0), ([3], 3), ([4, 1], 2.5), ([9, 1, 5], 5)] as [([Double], Double)])
    func medianIsTheMiddle(_ values: [Double], _ median: Double) {
        #expect(SpeedReport.median(values) == median)
    }

    @Test func statisticsOfAllFilesAreSummed() async throws {
        let engine = FakeEngine(["a": ["One."], "b": ["Two.", "Three."]])
        let sources = ["a", "b"].map { (name: $0, audio: AudioSource.file(path: $0)) }
        let run = SpeedRun(engine: engine, sources: sources, options: TranscriptionOptions(), batchSize: 2)
        let (times, audioSeconds) = try await run.run()
        #expect(audioSeconds == 15)
        #expect((times.encodeSeconds, times.tokens, times.windows) == (1, 14, 2))
    }

    @Test func failedFileEndsTheMeasurement() async {
        let sources = [(name: "a", audio: AudioSource.file(path: "a"))]
        let run = SpeedRun(engine: FakeEngine([:]), sources: sources, options: TranscriptionOptions(), batchSize: 1)
        let error = await #expect(throws: CommandError.self) { _ = try await run.run() }
        #expect(error?.code == .input)
    }

    @Test func jsonHasTheKeysThatAreReliedOn() async throws {
        let sources = [(name: "a", audio: AudioSource.file(path: "a"))]
        let engine = FakeEngine(["a": ["One.", "Two."]])
        let run = try await SpeedRun(engine: engine, sources: sources, options: TranscriptionOptions(), batchSize: 1)
            .run()
        let report = SpeedReport(
            engine: engine.facts, batchSize: 1, audioSeconds: run.audioSeconds, loadSeconds: 1, runs: [run.run],
            peakRssBytes: 9)
        let text = try JSONOutput.text(of: report)
        let object = try JSONDecoder().decode([String: AnyJSON].self, from: Data(text.utf8))
        for key in [
            "model", "device", "compute_type", "threads", "audio_seconds", "load_seconds", "runs",
            "median_wall_seconds", "rtfx", "peak_rss_bytes",
        ] {
            #expect(object[key] != nil, "\(key)")
        }
        #expect(object["audio_seconds"] == .number(10))
        let keys = try #require(object["runs"]?.array?.first?.object?.keys)
        #expect(
            Set(keys).isSuperset(of: [
                "wall_seconds", "feature_seconds", "encode_seconds", "prefill_seconds", "decode_seconds", "tokens",
            ]))
    }
}
