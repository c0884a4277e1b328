import Stapes
import StapesEngine
import StapesTesting
import Synchronization
import Testing

/// Speech that comes in chunks.
@Suite(.enabled(if: TestModels.hasTinyEnglish, "needs the model tiny.en"))
struct LiveSequenceTests {
    private static func options(step: Double = 1) -> LiveOptions {
        var options = LiveOptions(stepSeconds: step)
        options.transcription.language = "en"
        options.transcription.temperatures = [0]
        return options
    }

    private func results(
        _ samples: [Float], chunk: Int, options: LiveOptions = options()
    ) async throws -> [LiveResult] {
        let transcriber = try await LoadedTranscriber.tinyEnglish.get()
        var results: [LiveResult] = []
        for try await result in transcriber.live(Speech.chunks(samples, of: chunk), options: options) {
            results.append(result)
        }
        return results
    }

    @Test func liveSpeechEndsWithTheWordsOfTheFile() async throws {
        let samples = try Speech.samples()
        let transcriber = try await LoadedTranscriber.tinyEnglish.get()
        let expected = try await transcriber.transcribe(.samples(samples), options: .english()).text
        let results = try await results(samples, chunk: 1600)
        let finals = results.filter(\.isFinal)
        #expect(Speech.words(finals.map(\.text).joined()) == Speech.words(expected))
        #expect(results.first?.isFinal == false)
        #expect(results.last?.isFinal == true)
        #expect(results.count > finals.count + 3)
        for (earlier, later) in zip(finals, finals.dropFirst()) {
            #expect(earlier.range.upperBound <= later.range.lowerBound)
        }
        #expect(finals.flatMap(\.segments).map(\.id) == Array(0..<finals.flatMap(\.segments).count))
        #expect(results.allSatisfy { $0.range.lowerBound >= 0 && $0.range.upperBound <= 11 && $0.language == "en" })
    }

    @Test(.enabled(if: TestModels.hasBase, "needs the model base"))
    func finalTextLeadsTheNextWindowIfAsked() async throws {
        let samples = try Speech.samples(times: 2)
        let transcriber = try await LoadedTranscriber.base.get()
        let options = LiveOptions(transcription: .english { $0.conditionOnPreviousText = true }, stepSeconds: 2)
        var finals: [LiveResult] = []
        for try await result in transcriber.live(Speech.chunks(samples, of: 4000), options: options)
        where result.isFinal {
            finals.append(result)
        }
        let expected = Speech.words(try await transcriber.transcribe(.samples(samples), options: .english()).text)
        #expect(Speech.words(finals.map(\.text).joined()) == expected)
    }

    @Test(.enabled(if: TestModels.hasBase, "needs the model base"))
    func wordsAreTimedAndTheLanguageIsHeard() async throws {
        let transcriber = try await LoadedTranscriber.base.get()
        var options = LiveOptions(stepSeconds: 4)
        options.transcription.wordTimestamps = true
        var finals: [LiveResult] = []
        for try await result in transcriber.live(Speech.chunks(try Speech.samples(), of: 4000), options: options)
        where result.isFinal {
            finals.append(result)
        }
        #expect(!finals.isEmpty && finals.allSatisfy { $0.language == "en" })
        let words = finals.flatMap(\.segments).flatMap { $0.words ?? [] }
        #expect(words.map(\.word).joined() == finals.map(\.text).joined())
        #expect(zip(words, words.dropFirst()).allSatisfy { $0.end <= $1.start + 0.01 })
    }

    @Test func textDoesNotDependOnTheChunks() async throws {
        let samples = try Speech.samples()
        let expected = try await results(samples, chunk: 1600, options: Self.options(step: 2.5))
        #expect(!expected.isEmpty)
        for chunk in [1, 777, 48_000, samples.count] {
            let results = try await results(samples, chunk: chunk, options: Self.options(step: 2.5))
            #expect(results == expected, "chunks of \(chunk) samples")
        }
    }

    @Test func minuteOfSpeechIsHeardWhole() async throws {
        let samples = try Speech.samples(times: 5)
        let finals = try await results(samples, chunk: 8000, options: Self.options(step: 3)).filter(\.isFinal)
        let text = Speech.words(finals.map(\.text).joined()).joined(separator: " ")
        #expect(text.split(separator: "ask what you can do").count >= 5)
        for (earlier, later) in zip(finals, finals.dropFirst()) {
            #expect(earlier.range.upperBound <= later.range.lowerBound)
        }
    }

    @Test func nothingHeardIsNothingTold() async throws {
        #expect(try await results([], chunk: 1).isEmpty)
        #expect(try await results([0.1, 0.2], chunk: 1).isEmpty)
    }

    @Test func leavingTheLoopStopsTheEngine() async throws {
        let transcriber = try await LoadedTranscriber.tinyEnglish.get()
        for try await _ in transcriber.live(
            Speech.chunks(try Speech.samples(times: 20), of: 1600), options: Self.options())
        { break }
        try await Speech.expectIdle(transcriber)
    }

    @Test func audioWaitsForTheLoop() async throws {
        let samples = try Speech.samples(times: 5)
        let taken = Mutex(0)
        let pcm = AsyncStream<[Float]> {
            let start = taken.withLock { count in
                defer { count += 1600 }
                return count
            }
            return start < samples.count ? Array(samples[start..<start + 1600]) : nil
        }
        let transcriber = try await LoadedTranscriber.tinyEnglish.get()
        var iterator = transcriber.live(pcm, options: Self.options()).makeAsyncIterator()
        let first = try await iterator.next()
        #expect(first != nil)
        try await Task.sleep(for: .seconds(3))
        // Of 55 seconds, those of the result that was taken and of the few that wait.
        #expect(taken.withLock { $0 } <= 12 * 16_000)
    }

    @Test func errorOfTheAudioIsTheCause() async throws {
        struct Unplugged: Error {}
        let pcm = AsyncThrowingStream<[Float], any Error> { throw Unplugged() }
        let transcriber = try await LoadedTranscriber.tinyEnglish.get()
        var iterator = transcriber.live(pcm).makeAsyncIterator()
        let error = await #expect(throws: StapesError.self) { try await iterator.next() }
        #expect(error?.code == .audio && error?.cause is Unplugged)
        #expect(try await iterator.next() == nil)
    }

    @Test func optionsForFilesAreRefused() async throws {
        let transcriber = try await LoadedTranscriber.tinyEnglish.get()
        let batched = LiveOptions(transcription: .english { $0.batched = true })
        for options in [batched, Self.options(step: 0), LiveOptions(pauseSeconds: -1)] {
            var iterator = transcriber.live(Speech.chunks([0], of: 1), options: options).makeAsyncIterator()
            let error = await #expect(throws: StapesError.self) { try await iterator.next() }
            #expect(error?.code == .invalidOption)
        }
    }
}
