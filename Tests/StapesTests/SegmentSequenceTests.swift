import Stapes
import StapesDecoding
import StapesEngine
import StapesTesting
import Testing

/// Files as sequences of events.
@Suite(.enabled(if: TestModels.hasTinyEnglish, "needs the model tiny.en"))
struct SegmentSequenceTests {
    private static let options = TranscriptionOptions.english { _ in }

    @Test func sequenceTellsWhatTranscribeReturns() async throws {
        let transcriber = try await LoadedTranscriber.tinyEnglish.get()
        let expected = try await transcriber.transcribe(SampleTests.sample, options: Self.options)
        var events: [TranscriptionEvent] = []
        for try await event in transcriber.segments(SampleTests.sample, options: Self.options) { events.append(event) }
        let segments = events.compactMap { if case .segment(let segment) = $0 { segment } else { nil } }
        #expect(segments == expected.segments)
        #expect(segments.map(\.text).joined() == expected.text)
        guard case .statistics(let statistics) = events.last else {
            Issue.record("statistics come last")
            return
        }
        #expect(statistics.windows > 0 && statistics.tokens > 0)
    }

    @Test func slowConsumerGetsEverythingInOrder() async throws {
        let transcriber = try await LoadedTranscriber.tinyEnglish.get()
        let audio = AudioSource.samples(try Speech.samples(times: 4))
        let expected = try await transcriber.transcribe(audio, options: Self.options).segments
        #expect(expected.count > 4)
        var segments: [Segment] = []
        for try await case .segment(let segment) in transcriber.segments(audio, options: Self.options) {
            try await Task.sleep(for: .milliseconds(30))
            segments.append(segment)
        }
        #expect(segments == expected)
    }

    @Test(.enabled(if: TestModels.hasVoiceActivity, "needs the network that finds speech"))
    func windowsSideBySideAreToldInOrder() async throws {
        var configuration = TranscriberConfiguration(modelDirectory: TestModels.tinyEnglish, computeType: .float32)
        configuration.voiceActivityDirectory = TestModels.voiceActivity
        let transcriber = try await Transcriber(configuration)
        let audio = AudioSource.samples(try Speech.samples(times: 6))
        let options = TranscriptionOptions.english { $0.batched = true }
        let expected = try await transcriber.transcribe(audio, options: options).segments
        var segments: [Segment] = []
        for try await case .segment(let segment) in transcriber.segments(audio, options: options) {
            try await Task.sleep(for: .milliseconds(10))
            segments.append(segment)
        }
        #expect(!expected.isEmpty)
        #expect(segments == expected)
    }

    @Test func leavingTheLoopStopsTheEngine() async throws {
        let transcriber = try await LoadedTranscriber.tinyEnglish.get()
        let audio = AudioSource.samples(try Speech.samples(times: 30))
        for try await _ in transcriber.segments(audio, options: Self.options) { break }
        try await Speech.expectIdle(transcriber)
    }

    @Test func cancellingTheTaskStopsTheEngineAndThrowsOnce() async throws {
        let transcriber = try await LoadedTranscriber.tinyEnglish.get()
        let audio = AudioSource.samples(try Speech.samples(times: 30))
        let task = Task {
            var iterator = transcriber.segments(audio, options: Self.options).makeAsyncIterator()
            do throws(StapesError) {
                while try await iterator.next() != nil {}
                Issue.record("the file was not cancelled")
            } catch {
                #expect(error.code == .cancelled)
            }
            return try await iterator.next() == nil
        }
        try await Task.sleep(for: .milliseconds(300))
        task.cancel()
        #expect(try await task.value)
        try await Speech.expectIdle(transcriber)
    }

    @Test func errorIsThrownOnce() async throws {
        let transcriber = try await LoadedTranscriber.tinyEnglish.get()
        var iterator = transcriber.segments(.file(path: "/nowhere")).makeAsyncIterator()
        let error = await #expect(throws: StapesError.self) { try await iterator.next() }
        #expect(error?.code == .audio)
        #expect(try await iterator.next() == nil)
        #expect(try await iterator.next() == nil)
    }
}
