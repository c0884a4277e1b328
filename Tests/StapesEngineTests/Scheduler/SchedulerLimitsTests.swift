import StapesEngine
import Testing

@Suite struct SchedulerLimitsTests {
    private func code(_ demand: SequenceDemand, _ limits: SchedulerLimits = .test()) -> EngineError.Code? {
        var scheduler = Scheduler(limits: limits)
        let code = StapesEngineTests.code { () throws(EngineError) in try scheduler.submit(SequenceID(1), demand) }
        #expect(scheduler.isIdle == (code != nil), "what is refused is not kept")
        return code
    }

    @Test func promptAndSampleMayHoldOneTokenMoreThanThereArePositions() {
        #expect(code(.test(prompt: 1, steps: 448)) == nil)
        #expect(code(.test(prompt: 448, steps: 1)) == nil)
        #expect(code(.test(prompt: 225, steps: 224)) == nil)
        #expect(code(.test(prompt: 225, steps: 225)) == .invalidRequest)
        #expect(code(.test(prompt: 2, steps: 448)) == .invalidRequest)
        #expect(code(.test(prompt: 449, steps: 1)) == .invalidRequest)
    }

    @Test func emptyPromptAndNoStepsAreRefused() {
        #expect(code(.test(prompt: 0)) == .invalidRequest)
        #expect(code(.test(steps: 0)) == .invalidRequest)
        #expect(code(.test(steps: -1)) == .invalidRequest)
    }

    @Test func absurdNumbersAreRefusedLikeOthers() {
        #expect(code(.test(prompt: .max)) == .invalidRequest)
        #expect(code(.test(steps: .max)) == .invalidRequest)
        #expect(code(.test(encoderLength: .max)) == .invalidRequest)
        #expect(code(.test(prompt: .min)) == .invalidRequest)
    }

    @Test func windowHasOnePositionAtLeastAndTheContextAtMost() {
        #expect(code(.test(encoderLength: 1)) == nil)
        #expect(code(.test(encoderLength: 1500)) == nil)
        #expect(code(.test(encoderLength: 0)) == .invalidRequest)
        #expect(code(.test(encoderLength: 1501)) == .invalidRequest)
    }

    @Test func promptOfMoreThanAStepIsRefused() {
        #expect(code(.test(prompt: 100), .test(prefillTokens: 100)) == nil)
        #expect(code(.test(prompt: 101), .test(prefillTokens: 100)) == .invalidRequest)
    }

    @Test func demandLargerThanTheArenasIsRefused() {
        // 16 + 17 - 1 positions are two pages; the reserved page is not to be had.
        #expect(code(.test(prompt: 16, steps: 17), .test(selfPages: 3)) == nil)
        #expect(code(.test(prompt: 16, steps: 18), .test(selfPages: 3)) == .invalidRequest)
        #expect(code(.test(), .test(crossBlocks: 1)) == .invalidRequest)
        #expect(code(.test(), .test(rows: 0)) == .invalidRequest)
    }

    /// Invariant 10: the last token fed stands at position 447.
    @Test(arguments: [1, 2, 15, 16, 17, 224, 447, 448]) func longestSequenceEndsAtTheLastPosition(_ prompt: Int) throws
    {
        var scheduler = Scheduler(limits: .test())
        let id = SequenceID(1)
        let steps = 449 - prompt
        try scheduler.submit(id, .test(prompt: prompt, steps: steps))
        #expect(scheduler.schedule().encode.first?.id == id)
        scheduler.didEncode(id)
        #expect(scheduler.schedule().prefill == [id])
        scheduler.didPrefill(id)
        for _ in 1..<steps {
            let sequence = try #require(scheduler[id])
            #expect(sequence.length <= 447 && sequence.length / 16 < sequence.pages.count)
            scheduler.didDecode(id)
        }
        #expect(scheduler[id]?.length == 448)
        #expect(scheduler[id]?.pages.count == 28)
        scheduler.finish(id)
        #expect(scheduler.pages.usedCount == 0)
    }

    @Test func pagesAreThoseOfTheLongestOutcome() throws {
        for (prompt, steps, pages) in [(1, 1, 1), (16, 1, 1), (16, 2, 2), (1, 17, 2), (1, 16, 1), (17, 1, 2)] {
            var scheduler = Scheduler(limits: .test())
            try scheduler.submit(SequenceID(1), .test(prompt: prompt, steps: steps))
            _ = scheduler.schedule()
            #expect(scheduler[SequenceID(1)]?.pages.count == pages, "\(prompt) + \(steps)")
        }
    }
}
