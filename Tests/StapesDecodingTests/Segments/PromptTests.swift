import StapesDecoding
import StapesTokenizer
import Testing

struct PromptTests {
    private let special = SpecialTokens.tiny
    private let start = [301, 302, 306]

    /// The prompts of a file in which every window holds one segment of ten given ids.
    private func prompts(
        _ count: Int, _ options: SeekOptions, temperatures: [Double] = []
    ) -> [[Int]] {
        var loop = SeekLoop(contentFrames: 3000 * count, startSequence: start, options: options, coder: TinyCoder())
        var prompts: [[Int]] = []
        while case .decode(let job) = loop.next() {
            let index = prompts.count
            prompts.append(job.prompt)
            let tokens = [special.stamp(0)] + Array(repeating: 10 + index, count: 8) + [special.stamp(1500)]
            let temperature = index < temperatures.count ? temperatures[index] : 0
            _ = loop.receive(
                WindowResult(
                    tokens: tokens, sumLogProbability: -1, noSpeechProbability: 0, temperature: temperature))
        }
        return prompts
    }

    private func window(_ index: Int) -> [Int] {
        [special.stamp(0)] + Array(repeating: 10 + index, count: 8) + [special.stamp(1500)]
    }

    private func words(_ ids: some Sequence<Int>) -> String {
        ids.map { "w\($0)" }.joined(separator: " ")
    }

    @Test func theFirstWindowHasOnlyTheStartSequence() {
        #expect(prompts(1, SeekOptions()) == [start])
    }

    @Test func laterWindowsSeeTheTextBefore() {
        #expect(prompts(3, SeekOptions())[2] == [308] + window(0) + window(1) + start)
    }

    @Test func withoutConditioningOnlyTheFirstWindowSeesTheInitialPrompt() {
        let options = SeekOptions(conditionOnPreviousText: false, initialPrompt: "w7 w8")
        #expect(prompts(3, options) == [[308, 7, 8] + start, start, start])
    }

    @Test func aCarriedInitialPromptStandsBeforeEveryWindow() {
        let options = SeekOptions(conditionOnPreviousText: false, initialPrompt: "w7", carryInitialPrompt: true)
        #expect(prompts(2, options) == [[308, 7] + start, [308, 7] + start])
        let conditioned = SeekOptions(initialPrompt: "w7", carryInitialPrompt: true)
        #expect(prompts(2, conditioned)[1] == [308, 7] + window(0) + start)
    }

    @Test func aTemperatureAboveOneHalfHidesTheTextBefore() {
        let seen = prompts(4, SeekOptions(initialPrompt: "w7"), temperatures: [0.5, 0.6, 0])
        #expect(seen[1] == [308, 7] + window(0) + start)
        #expect(seen[2] == start)
        #expect(seen[3] == [308] + window(2) + start)
    }

    @Test func historyKeepsItsLast223IDs() {
        let last = prompts(30, SeekOptions())[29]
        #expect(last.count == 1 + 223 + 3)
        #expect(Array(last.dropFirst().prefix(3)) == Array((window(6) + window(7)).dropFirst(7).prefix(3)))
        #expect(Array(last.suffix(13)) == window(28) + start)
    }

    @Test func aCarriedPromptShortensTheHistory() {
        let options = SeekOptions(initialPrompt: words(0..<100), carryInitialPrompt: true)
        let last = prompts(30, options)[29]
        #expect(last.count == 1 + 223 + 3)
        #expect(Array(last[1..<101]) == Array(0..<100))
        #expect(Array(last[214..<224]) == window(28))
    }

    @Test func anInitialPromptLongerThanTheRoomLosesItsHead() {
        let first = prompts(1, SeekOptions(initialPrompt: words((0..<280).map { $0 % 200 })))[0]
        #expect(first.count == 227)
        #expect(first[1] == 57)
    }

    @Test func thePrefixFollowsTheStartSequenceInEveryWindow() {
        let seen = prompts(2, SeekOptions(prefix: "  w5 w6 "))
        #expect(seen[0] == start + [5, 6])
        #expect(seen[1] == [308] + window(0) + start + [5, 6])
    }

    @Test func aShorterSampleLengthShortensThePrefix() {
        let seen = prompts(1, SeekOptions(prefix: "w1 w2 w3 w4 w5", sampleLength: 222))
        #expect(seen[0] == start + [4, 5])
    }

    @Test func aLongPrefixNeverOutgrowsTheDecoder() {
        let options = SeekOptions(
            initialPrompt: words(repeatElement(1, count: 400)), prefix: words(repeatElement(2, count: 900)))
        var loop = SeekLoop(contentFrames: 3000, startSequence: start, options: options, coder: TinyCoder())
        guard case .decode(let job) = loop.next() else { return #expect(Bool(false), "there is a window") }
        #expect(job.prompt.count == 448)
        #expect(job.stepLimit == 1)
    }

    @Test func positionsOfTheStartAndTheFirstSampleAreTold() {
        var loop = SeekLoop(
            contentFrames: 3000, startSequence: start, options: SeekOptions(initialPrompt: "w1 w2", prefix: "w3"),
            coder: TinyCoder())
        guard case .decode(let job) = loop.next() else { return #expect(Bool(false), "there is a window") }
        #expect(job.prompt == [308, 1, 2] + start + [3])
        #expect(job.sotIndex == 3)
        #expect(job.sampleBegin == 7)
        #expect(job.stepLimit == 224)
    }

    @Test func blankSegmentsLeaveNoTraceInThePrompt() {
        var loop = SeekLoop(contentFrames: 6000, startSequence: start, coder: TinyCoder())
        _ = loop.next()
        _ = loop.receive(
            WindowResult(
                tokens: [special.stamp(0), 290, special.stamp(1500)], sumLogProbability: -1, noSpeechProbability: 0))
        guard case .decode(let job) = loop.next() else { return #expect(Bool(false), "there is a second window") }
        #expect(job.prompt == start)
    }

    @Test func theStartSequenceFollowsModelLanguageAndTask() {
        #expect(
            SpecialTokens.base.startSequence(language: 50261, translates: true, timestamps: true)
                == [50258, 50261, 50358])
        #expect(
            SpecialTokens.base.startSequence(language: 50259, translates: false, timestamps: false)
                == [50258, 50259, 50359, 50363])
        #expect(SpecialTokens.english.startSequence(language: nil, translates: true, timestamps: true) == [50257])
        #expect(SpecialTokens.english.startSequence(language: nil, translates: false, timestamps: false).last == 50362)
    }
}
