import StapesDecoding
import Testing

/// Made-up windows that went through the reference's own transcribe loop with word times.
struct WordSeekGoldenTests {
    @Test func windowsSegmentsAndWordsEqualTheReferences() throws {
        let goldens = try AlignmentGoldens.load()
        let coder = goldens.coder
        var windowCount = 0
        var wordCount = 0
        var difference = 0.0
        for (number, golden) in goldens.files.enumerated() {
            var loop = Self.loop(golden.options, coder: coder)
            var segments: [Segment] = []
            var index = 0
            loop: while true {
                switch loop.next() {
                case .decode(let job):
                    guard index < golden.windows.count else {
                        Issue.record("file \(number) has more windows than the reference's \(golden.windows.count)")
                        break loop
                    }
                    let window = golden.windows[index]
                    #expect([job.seek, job.size] == [window.seek, window.size], "file \(number), window \(index)")
                    index += 1
                    segments += loop.receive(
                        WindowResult(
                            tokens: window.tokens, sumLogProbability: window.sum,
                            noSpeechProbability: window.noSpeech, temperature: window.temperature))
                case .align(let job):
                    segments += loop.receive(
                        golden.windows[index - 1].attention.alignment(of: job, special: coder.special))
                case .finished: break loop
                }
            }
            windowCount += index
            #expect(index == golden.windows.count, "file \(number)")
            #expect(segments.count == golden.segments.count, "file \(number)")
            #expect(loop.text == golden.text, "file \(number)")
            for (segment, wanted) in zip(segments, golden.segments) {
                let words = segment.words ?? []
                wordCount += words.count
                #expect(segment.seek == wanted.seek, "file \(number)")
                // Times are exact to the last bit.
                #expect([segment.start, segment.end] == [wanted.start, wanted.end], "file \(number)")
                #expect(segment.tokens == wanted.tokens, "file \(number)")
                #expect(words.map { Array($0.word.utf8) } == wanted.words.map { Array($0.utf8) }, "file \(number)")
                #expect(words.map { [$0.start, $0.end] } == wanted.times.map { Array($0[..<2]) }, "file \(number)")
                for (word, times) in zip(words, wanted.times) {
                    difference = max(difference, abs(word.probability - times[2]))
                }
            }
        }
        #expect(difference < 1e-6)
        print("word times: \(windowCount) windows, \(wordCount) words, probabilities differ by \(difference) at most")
    }

    private static func loop(_ options: AlignmentGoldens.File.Options, coder: PieceCoder) -> SeekLoop {
        SeekLoop(
            contentFrames: options.contentFrames,
            startSequence: [301, 302, 306] + (options.withoutTimestamps ? [310] : []),
            options: SeekOptions(
                clipTimestamps: options.clipTimestamps, conditionOnPreviousText: options.conditionOnPreviousText,
                words: WordOptions(
                    language: options.language,
                    prependedPunctuation: options.prepended ?? WordOptions.prependedPunctuation,
                    appendedPunctuation: options.appended ?? WordOptions.appendedPunctuation,
                    hallucinationSilence: options.hallucinationSilence)),
            coder: coder)
    }
}
