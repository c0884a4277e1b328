import FoundationEssentials
import Stapes
import StapesDecoding
import StapesTesting
import Testing

/// What is encoded of a window.
@Suite struct AudioContextTests {
    /// Frames of audio in the window, positions that are encoded.
    @Test(arguments: [
        (0, 500), (1, 600), (200, 600), (201, 700), (1100, 1100), (1999, 1500), (2000, 1500), (3000, 1500),
    ])
    func automaticReachesTenSecondsPastTheAudio(frames: Int, positions: Int) {
        #expect(AudioContext.automatic.positions(frames: frames) == positions)
    }

    @Test func automaticCoversEveryLengthWithItsMargin() {
        for frames in 0...3000 {
            let positions = AudioContext.automatic.positions(frames: frames)
            #expect(2 * positions >= min(frames + 2 * AudioContext.margin, 3000) && positions <= 1500)
            #expect(positions % AudioContext.granularity == 0)
        }
    }

    @Test func otherContextsDoNotLookAtTheAudio() {
        #expect(TranscriptionOptions().audioContext == .full)
        for frames in [0, 1, 1100, 3000] {
            #expect(AudioContext.full.positions(frames: frames) == 1500)
            #expect(AudioContext.positions(400).positions(frames: frames) == 400)
        }
    }

    /// A number of positions is shorter windows, the rest is windows of 30 s.
    @Test func onlyANumberShortensWindows() {
        func frames(_ context: AudioContext) -> Int {
            TranscriptionOptions.with { $0.audioContext = context }.seeking(language: "en").windowFrames
        }
        #expect(frames(.full) == 3000 && frames(.automatic) == 3000 && frames(.positions(400)) == 800)
    }

    @Test func namesAndNumbersAreRead() throws {
        func read(_ json: String) throws -> [AudioContext] {
            try JSONDecoder().decode([AudioContext].self, from: Data(json.utf8))
        }
        #expect(try read(#"["full", 768, "automatic"]"#) == [.full, .positions(768), .automatic])
        #expect(throws: DecodingError.self) { try read(#"["half"]"#) }
        #expect(throws: DecodingError.self) { try read("[null]") }
    }
}

/// The same through an engine.
@Suite(.enabled(if: TestModels.hasBase, "needs the model base"))
struct EncodedAudioTests {
    private func transcribe(
        _ times: Int, _ context: AudioContext, _ change: (inout TranscriptionOptions) -> Void = { _ in }
    ) async throws -> (result: Transcription, statistics: TranscriptionStatistics) {
        let events = Recorder()
        let options = TranscriptionOptions.english {
            change(&$0)
            $0.audioContext = context
        }
        let result = try await LoadedTranscriber.base.get().transcribe(
            .samples(try Speech.samples(times: times)), options: options
        ) { events.record($0) }
        return (result, try #require(events.statistics))
    }

    /// Eleven seconds fill 550 positions: with 1100, windows of 22 s and automatic ones are the same.
    @Test func shortFileIsEncodedToItsEndAndTheMargin() async throws {
        let automatic = try await transcribe(1, .automatic)
        let fixed = try await transcribe(1, .positions(1100))
        #expect(automatic.result.segments == fixed.result.segments && automatic.result.text == fixed.result.text)
        #expect(automatic.statistics.windows == 1)
        // By then the window has been encoded: its block was found by features and positions.
        #expect(min(automatic.statistics.encodeSeconds, fixed.statistics.encodeSeconds) == 0)
        let words = Set(Speech.words(automatic.result.text))
        #expect(words.isSuperset(of: ["ask", "not", "country", "do"]), "\(automatic.result.text)")
    }

    /// 33 s: the first window is full, and so is its text; the last one begins within it and is short.
    @Test func onlyTheLastWindowOfALongFileIsEncodedInPart() async throws {
        let full = try await transcribe(3, .full)
        let automatic = try await transcribe(3, .automatic)
        let first = full.result.segments.filter { $0.seek == 0 }
        #expect(!first.isEmpty && automatic.result.segments.filter { $0.seek == 0 } == first)
        #expect(automatic.statistics.windows == full.statistics.windows && full.statistics.windows == 2)
        #expect(automatic.result.segments.last?.seek == full.result.segments.last?.seek)
        let seconds = automatic.result.durationSeconds
        #expect(automatic.result.segments.allSatisfy { $0.end <= seconds + 0.02 * Double(AudioContext.margin + 100) })
    }

    @Test func wordsLieWithinTheAudio() async throws {
        let (result, _) = try await transcribe(1, .automatic) { $0.wordTimestamps = true }
        let words = result.segments.flatMap { $0.words ?? [] }
        #expect(words.count > 15)
        #expect(words.allSatisfy { 0 <= $0.start && $0.start <= $0.end && $0.end <= result.durationSeconds + 0.02 })
        // The times of the whole context, to a few positions.
        let (full, _) = try await transcribe(1, .full) { $0.wordTimestamps = true }
        let others = full.segments.flatMap { $0.words ?? [] }
        #expect(words.map(\.word) == others.map(\.word))
        for (word, other) in zip(words, others) { #expect(abs(word.start - other.start) < 0.3, "\(word) \(other)") }
    }
}
