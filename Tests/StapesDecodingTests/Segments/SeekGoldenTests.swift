import StapesDecoding
import Testing

/// Made-up windows that went through the reference's own transcribe loop.
struct SeekGoldenTests {
    struct Case: Decodable {
        struct Options: Decodable {
            var contentFrames: Int
            var conditionOnPreviousText: Bool
            var initialPrompt: String?
            var carryInitialPrompt: Bool
            var noSpeechThreshold: Double?
            var logProbabilityThreshold: Double?
            var clipTimestamps: [Double]
            var prefix: String?
            var withoutTimestamps: Bool
            var sampleLength: Int?
        }
        struct Window: Decodable {
            var tokens: [Int]
            var sum: Double
            var noSpeech: Double
            var temperature: Double
        }
        struct Job: Decodable {
            var size: Int
            var prompt: [Int]
            var sampleBegin: Int
            var sotIndex: Int
        }
        struct Result: Decodable {
            var text: String
            var segments: [Segment]
        }
        var options: Options
        var windows: [Window]
        var jobs: [Job]
        var result: Result

        var loop: SeekLoop {
            SeekLoop(
                contentFrames: options.contentFrames,
                startSequence: [301, 302, 306] + (options.withoutTimestamps ? [310] : []),
                options: SeekOptions(
                    clipTimestamps: options.clipTimestamps, noSpeechThreshold: options.noSpeechThreshold,
                    logProbabilityThreshold: options.logProbabilityThreshold,
                    conditionOnPreviousText: options.conditionOnPreviousText,
                    initialPrompt: options.initialPrompt, carryInitialPrompt: options.carryInitialPrompt,
                    prefix: options.prefix, sampleLength: options.sampleLength ?? 224),
                coder: TinyCoder())
        }
    }

    @Test func windowsPromptsAndSegmentsEqualTheReferences() throws {
        let cases: [Case] = try Goldens.load("seek.json")
        #expect(cases.count == 70)
        for (number, golden) in cases.enumerated() {
            var loop = golden.loop
            var segments: [Segment] = []
            var index = 0
            while case .decode(let job) = loop.next() {
                guard index < golden.windows.count else {
                    Issue.record("case \(number) has more windows than the reference's \(golden.windows.count)")
                    break
                }
                let (window, wanted) = (golden.windows[index], golden.jobs[index])
                #expect(job.size == wanted.size, "case \(number), window \(index)")
                #expect(job.prompt == wanted.prompt, "case \(number), window \(index)")
                #expect(job.sampleBegin == wanted.sampleBegin, "case \(number), window \(index)")
                #expect(job.sotIndex == wanted.sotIndex, "case \(number), window \(index)")
                segments += loop.receive(
                    WindowResult(
                        tokens: window.tokens, sumLogProbability: window.sum, noSpeechProbability: window.noSpeech,
                        temperature: window.temperature))
                index += 1
            }
            #expect(index == golden.windows.count, "case \(number)")
            // Exact to the last bit: times, scores, ids.
            let differing = zip(segments, golden.result.segments).filter { $0 != $1 }
            #expect(segments.count == golden.result.segments.count && differing.isEmpty, "case \(number)")
            #expect(loop.text == golden.result.text, "case \(number)")
        }
    }
}
