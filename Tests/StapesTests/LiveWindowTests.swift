import Stapes
import StapesDecoding
import Testing

/// When live audio is looked at, and what is final, without a model.
struct LiveWindowTests {
    private func window(_ change: (inout SeekOptions) -> Void = { _ in }) -> LiveWindow {
        var options = SeekOptions()
        change(&options)
        return LiveWindow(options: options, stepSeconds: 1, pauseSeconds: 1)
    }

    private func segment(
        _ start: Double, _ end: Double, _ text: String, temperature: Double = 0
    ) -> Segment {
        Segment(
            id: 7, seek: 0, start: start, end: end, text: text, tokens: [text.count], temperature: temperature,
            averageLogProbability: 0, compressionRatio: 1, noSpeechProbability: 0)
    }

    private func found(_ segments: Segment..., frames: Int = 3000) -> FileWalk.Result {
        FileWalk.Result(text: "", segments: segments, frames: frames)
    }

    private func look(_ window: inout LiveWindow) throws -> LiveWindow.Look {
        guard case .look(let look) = window.next() else {
            throw Unexpected()
        }
        return look
    }

    private struct Unexpected: Error {}

    private func hear(_ window: inout LiveWindow, seconds: Double) {
        window.hear([Float](repeating: 0.5, count: Int(seconds * 16_000)))
    }

    @Test func looksComeEverySecondHoweverTheAudioComes() {
        for chunk in [1, 999, 16_000, 50_000] {
            var window = window()
            var sizes: [Int] = []
            for start in stride(from: 0, to: 50_000, by: chunk) {
                window.hear([Float](repeating: 0, count: min(chunk, 50_000 - start)))
                while case .look(let look) = window.next() {
                    sizes.append(look.samples.count)
                    #expect(look.reach == .growing)
                    #expect(window.receive(found(), language: "en").isEmpty)
                }
                #expect(window.next() == .listen)
            }
            #expect(sizes == [16_000, 32_000, 48_000])
            window.end()
            guard case .look(let last) = window.next() else {
                Issue.record("the rest is looked at")
                continue
            }
            #expect(last.samples.count == 50_000 && last.reach == .last)
            _ = window.receive(found(), language: "en")
            #expect(window.next() == .finished)
        }
    }

    @Test func oneLookTakesAllThatHasComeIfItCatchesUp() throws {
        var window = LiveWindow(options: SeekOptions(), stepSeconds: 1, pauseSeconds: 1, catchesUp: true)
        hear(&window, seconds: 0.5)
        #expect(window.next() == .listen)
        hear(&window, seconds: 0.5)
        #expect(try look(&window).samples.count == 16_000)
        // Five seconds come while it is looked at.
        hear(&window, seconds: 5)
        _ = window.receive(found(segment(0, 1, " Ask")), language: "en")
        #expect(try look(&window).samples.count == 96_000)
        _ = window.receive(found(segment(0, 6, " Ask not")), language: "en")
        #expect(window.next() == .listen)
        // More than a window is a full one and the rest.
        hear(&window, seconds: 30)
        #expect(try look(&window).reach == .full)
        _ = window.receive(found(segment(0, 30, " Ask not what")), language: "en")
        let rest = try look(&window)
        #expect(rest.samples.count == 96_000 && rest.reach == .growing)
        let told = window.receive(found(segment(0, 6, " you can")), language: "en")
        #expect(told.map(\.isFinal) == [false])
        // All has been looked at: the end costs no look.
        window.end()
        guard case .tell(let result) = window.next() else { throw Unexpected() }
        #expect(result.isFinal && result.text == " you can")
        #expect(window.next() == .finished)
    }

    @Test func segmentsThatTwoLooksAgreeOnAreFinalAndLetGo() throws {
        var window = window()
        hear(&window, seconds: 3)
        _ = try look(&window)
        let first = window.receive(found(segment(0, 0.5, " Ask"), segment(0.5, 1, " n")), language: "en")
        #expect(first.map(\.isFinal) == [false])
        #expect(first.map(\.text) == [" Ask n"])
        _ = try look(&window)
        let second = window.receive(found(segment(0, 1.5, " Ask not"), segment(1.5, 2, " what")), language: "en")
        #expect(second.map(\.isFinal) == [false], "the look before had other words")
        #expect(try look(&window).samples.count == 48_000)
        let results = window.receive(found(segment(0, 1.5, " Ask not"), segment(1.5, 3, " what")), language: "en")
        #expect(results.map(\.isFinal) == [true, false])
        #expect(results.map(\.text) == [" Ask not", " what"])
        #expect(results.map(\.range) == [0..<1.5, 1.5..<3])
        #expect(results.flatMap(\.segments).map(\.id) == [0, 1])

        hear(&window, seconds: 1)
        let next = try look(&window)
        #expect(next.samples.count == 40_000)
        #expect(next.past.history == [" Ask not".count])
        let more = window.receive(found(segment(0, 2.5, " what your")), language: "en")
        #expect(more.map(\.range) == [1.5..<4])
        #expect(more[0].segments.map(\.id) == [1])
        // All of it was looked at, so the end brings no other look.
        window.end()
        var final = more[0]
        final.isFinal = true
        #expect(window.next() == .tell(final))
        #expect(window.next() == .finished)
        #expect(window.next() == .finished)
    }

    @Test func pauseMakesTheLastSegmentFinal() throws {
        var window = window()
        hear(&window, seconds: 3)
        _ = try look(&window)
        _ = window.receive(found(segment(0, 1, " So")), language: "en")
        _ = try look(&window)
        let early = window.receive(found(segment(0, 1.02, " So")), language: "en")
        #expect(early.map(\.isFinal) == [false])
        _ = try look(&window)
        let late = window.receive(found(segment(0, 1.02, " So")), language: "en")
        #expect(late.map(\.isFinal) == [true])
        window.end()
        #expect(window.next() == .finished, "the silence after it was looked at")
    }

    @Test func fullWindowIsFinalAndGoesOnWhereItsWalkStopped() throws {
        var window = window()
        hear(&window, seconds: 31)
        for _ in 0..<29 {
            #expect(try look(&window).reach == .growing)
            _ = window.receive(found(segment(0, 40, " and")), language: "en")
        }
        let full = try look(&window)
        #expect(full.reach == .full && full.samples.count == 480_000)
        let results = window.receive(found(segment(0, 28, " and"), frames: 2800), language: "en")
        #expect(results.map(\.isFinal) == [true])
        #expect(results.map(\.range) == [0..<28])
        #expect(try look(&window).samples.count == 48_000)
        _ = window.receive(found(), language: "en")
        window.end()
        #expect(window.next() == .finished)
    }

    @Test func timesOutsideWhatWasHeardAreMovedToItsEdges() throws {
        var window = window()
        hear(&window, seconds: 1)
        _ = try look(&window)
        let results = window.receive(found(segment(-0.2, 1.8, " Ask")), language: "en")
        #expect(results.map(\.range) == [0..<1])
    }

    @Test func textThatTurnsOutToBeNothingIsTakenBack() throws {
        var window = window()
        hear(&window, seconds: 3)
        _ = try look(&window)
        #expect(window.receive(found(segment(0, 1, " Thanks")), language: "en").count == 1)
        _ = try look(&window)
        let results = window.receive(found(), language: "en")
        #expect(results.map(\.isFinal) == [false])
        #expect(results.map(\.text) == [""])
        #expect(results.map(\.range) == [0..<2])
        _ = try look(&window)
        #expect(window.receive(found(), language: "en").isEmpty)
    }

    @Test func wildTextAndOptionsEndTheHistory() throws {
        for temperature in [0, 0.8] {
            var window = window { $0.conditionOnPreviousText = temperature > 0 }
            hear(&window, seconds: 3)
            _ = try look(&window)
            let heard = found(segment(0, 1, " Ask", temperature: temperature), segment(1, 2, " not"))
            #expect(window.receive(heard, language: "en").map(\.isFinal) == [false])
            #expect(try look(&window).past == FileWalk.Past())
            #expect(window.receive(heard, language: "en").map(\.isFinal) == [true, false])
            #expect(window.hasFinal)
            #expect(try look(&window).past == FileWalk.Past(history: [], showsInitialPrompt: false))
        }
    }
}
