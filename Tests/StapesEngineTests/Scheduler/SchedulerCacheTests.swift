import StapesEngine
import Testing

/// Windows and beginnings of prompts that are there already are not computed again, as far as the bytes allow.
@Suite struct SchedulerCacheTests {
    private let a = SequenceID(1)
    private let b = SequenceID(2)
    private let c = SequenceID(3)

    /// 50 tokens of one text; the first three pages can be shared.
    private let text = Array(100..<150)

    /// Runs a sequence to its first token.
    private func prefill(_ id: SequenceID, _ demand: SequenceDemand, _ scheduler: inout Scheduler) throws {
        try scheduler.submit(id, demand)
        if scheduler.schedule().encode.first?.id == id { scheduler.didEncode(id) }
        #expect(scheduler.schedule().prefill.contains(id))
        scheduler.didPrefill(id)
    }

    /// Runs a sequence to its end, and says what of it had to be computed.
    private func run(
        _ id: SequenceID, _ demand: SequenceDemand, _ scheduler: inout Scheduler
    ) throws -> (encodes: Bool, tokens: Int) {
        try scheduler.submit(id, demand)
        let encodes = scheduler.schedule().encode.first?.id == id
        if encodes { scheduler.didEncode(id) }
        let length = try #require(scheduler[id]?.length)
        #expect(scheduler.schedule().prefill == [id])
        scheduler.didPrefill(id)
        scheduler.finish(id)
        return (encodes, demand.promptCount - length)
    }

    // MARK: Beginnings of prompts

    @Test func samePromptOfTheSameWindowBeginsAfterItsFullPages() throws {
        var scheduler = Scheduler(limits: .test())
        try prefill(a, .test(tokens: text), &scheduler)
        try scheduler.submit(b, .test(tokens: text))
        #expect(scheduler.schedule().prefill == [b])
        let (first, second) = (try #require(scheduler[a]), try #require(scheduler[b]))
        #expect(second.length == 48 && second.pages[..<3] == first.pages[..<3])
        #expect(second.pages.count == 4 && second.pages[3] != first.pages[3])
        #expect(scheduler.pages.usedCount == 5)
        scheduler.didPrefill(b)
        #expect(scheduler[b]?.length == 50)
        #expect(scheduler.cacheCounts.prefixHits == 3 && scheduler.cacheCounts.prefixMisses == 3)
        scheduler.finish(a)
        #expect(scheduler.pages.usedCount == 4, "the other one reads three of its pages")
        scheduler.finish(b)
        #expect(scheduler.pages.usedCount == 0 && scheduler.pages.idleCount == 3)
    }

    @Test func promptOfAnEndedSequenceIsFoundAgain() throws {
        var scheduler = Scheduler(limits: .test())
        #expect(try run(a, .test(tokens: text), &scheduler) == (true, 50))
        #expect(try run(b, .test(tokens: text), &scheduler) == (false, 2))
        #expect(try run(c, .test(tokens: text, shareable: 47), &scheduler) == (false, 18))
    }

    @Test func sameTokensOfAnotherWindowAreRunAgain() throws {
        var scheduler = Scheduler(limits: .test())
        #expect(try run(a, .test(tokens: text), &scheduler) == (true, 50))
        #expect(try run(b, .test(tokens: text, window: 1), &scheduler) == (true, 50))
        #expect(try run(c, .test(tokens: text, encoderLength: 1499), &scheduler) == (true, 50))
    }

    @Test func onlyTheCommonPagesOfTwoPromptsAreShared() throws {
        var scheduler = Scheduler(limits: .test())
        #expect(try run(a, .test(tokens: text), &scheduler) == (true, 50))
        var other = text
        other[33] = 0
        #expect(try run(b, .test(tokens: other), &scheduler) == (false, 18))
        other[0] = 0
        #expect(try run(c, .test(tokens: other), &scheduler) == (false, 50))
        // A longer prompt goes on where the shorter one ended.
        #expect(try run(SequenceID(4), .test(tokens: text + text), &scheduler) == (false, 52))
        #expect(try run(SequenceID(5), .test(tokens: text + text + text), &scheduler) == (false, 54))
    }

    @Test func promptsThatRunTogetherEachRunTheirOwn() throws {
        var scheduler = Scheduler(limits: .test())
        try scheduler.submit(a, .test(tokens: text))
        try scheduler.submit(b, .test(tokens: text))
        _ = scheduler.schedule()
        scheduler.didEncode(a)
        #expect(scheduler.schedule().prefill == [a, b])
        #expect(scheduler[a]?.length == 0 && scheduler[b]?.length == 0)
        #expect(scheduler.pages.usedCount == 8, "nothing can be shared before it has run")
        scheduler.didPrefill(a)
        scheduler.didPrefill(b)
        scheduler.finish(b)
        #expect(scheduler.pages.idleCount == 0)
        scheduler.finish(a)
        #expect(scheduler.pages.idleCount == 3, "one copy is kept")
    }

    @Test func promptThatNeverRanIsNotFound() throws {
        var scheduler = Scheduler(limits: .test())
        try scheduler.submit(a, .test(tokens: text))
        _ = scheduler.schedule()
        scheduler.didEncode(a)
        #expect(scheduler.schedule().prefill == [a])
        scheduler.finish(a)
        #expect(scheduler.pages.usedCount == 0 && scheduler.pages.idleCount == 0)
        #expect(try run(b, .test(tokens: text), &scheduler) == (false, 50))
    }

    @Test func budgetOfAStepCountsOnlyWhatIsRun() throws {
        var scheduler = Scheduler(limits: .test(prefillTokens: 60))
        try prefill(a, .test(tokens: text), &scheduler)
        let ids = (2...8).map { SequenceID($0) }
        for id in ids { try scheduler.submit(id, .test(tokens: text, shareable: id.number == 8 ? 47 : 49)) }
        let step = scheduler.schedule()
        // Six prompts of two tokens and one of eighteen: thirty in all, instead of 350.
        #expect(step.prefill == ids && step.decode == [a])
        scheduler = Scheduler(limits: .test(prefillTokens: 60))
        for id in ids { try scheduler.submit(id, .test(tokens: text)) }
        _ = scheduler.schedule()
        scheduler.didEncode(ids[0])
        #expect(scheduler.schedule().prefill == [ids[0]])
    }

    @Test func admissionCountsSharedPagesOnce() throws {
        // Seven pages are to be had. The first takes four; the second needs one more.
        var scheduler = Scheduler(limits: .test(selfPages: 8))
        try prefill(a, .test(tokens: text), &scheduler)
        for id in [b, c] { try scheduler.submit(id, .test(tokens: text)) }
        try scheduler.submit(SequenceID(4), .test(tokens: Array(text.reversed())))
        _ = scheduler.schedule()
        #expect(scheduler[b]?.state == .encoded && scheduler[c]?.state == .encoded)
        #expect(scheduler[SequenceID(4)]?.state == .waiting && scheduler.pages.usedCount == 6)
        for id in [a, b, c] { scheduler.finish(id) }
        // Room is made by giving up what nobody uses.
        _ = scheduler.schedule()
        #expect(scheduler[SequenceID(4)]?.state == .encoded && scheduler.pages.usedCount == 4)
        #expect(scheduler.pages.idleCount == 3)
    }

    // MARK: The budget of bytes

    @Test func budgetOfNothingKeepsNothing() throws {
        var scheduler = Scheduler(limits: .test(cacheBytes: 0))
        for number in 1...3 {
            #expect(try run(SequenceID(number), .test(tokens: text), &scheduler) == (true, 50))
            #expect(scheduler.blocks.idleCount == 0 && scheduler.pages.idleCount == 0)
            #expect(scheduler.cacheCounts.idleBytes == 0)
        }
        // What is in use is nothing to be given up.
        try prefill(a, .test(tokens: text), &scheduler)
        #expect(try run(b, .test(tokens: text), &scheduler) == (false, 2))
        scheduler.finish(a)
        #expect(scheduler.cacheCounts.idleBytes == 0)
    }

    /// A window of 100 bytes and three pages of 10 for each of some texts.
    private func filled(_ cacheBytes: Int) throws -> Scheduler {
        var scheduler = Scheduler(limits: .test(pageBytes: 10, blockBytes: 100, cacheBytes: cacheBytes))
        for window in 1...3 { _ = try run(SequenceID(window), .test(tokens: text, window: window), &scheduler) }
        return scheduler
    }

    @Test func blocksAndPagesShareOneBudget() throws {
        #expect(try filled(390).cacheCounts.idleBytes == 390)
        for budget in stride(from: 0, to: 390, by: 7) {
            let counts = try filled(budget).cacheCounts
            #expect(counts.idleBytes <= budget && counts.idleBytes > budget - 110, "budget \(budget)")
            #expect(counts.usedBlocks == 0 && counts.usedPages == 0)
        }
    }

    @Test func whatWasUsedLeastRecentlyGoesFirstWhateverItIs() throws {
        // Room for two windows with their pages.
        var scheduler = try filled(260)
        #expect(scheduler.blocks.idleCount == 2 && scheduler.pages.idleCount == 6)
        // The second is used once more: now the third is the oldest.
        #expect(try run(SequenceID(4), .test(tokens: text, window: 2), &scheduler) == (false, 2))
        #expect(try run(SequenceID(5), .test(tokens: text, window: 4), &scheduler) == (true, 50))
        var probe = scheduler
        #expect(try run(SequenceID(6), .test(tokens: text, window: 2), &probe) == (false, 2))
        #expect(try run(SequenceID(7), .test(tokens: text, window: 4), &probe) == (false, 2))
        #expect(try run(SequenceID(8), .test(tokens: text, window: 3), &probe) == (true, 50))
        #expect(try run(SequenceID(9), .test(tokens: text, window: 1), &scheduler) == (true, 50))
    }

    @Test func pagesOfAnOlderUseGoBeforeANewerBlock() throws {
        var scheduler = Scheduler(limits: .test(pageBytes: 100, blockBytes: 100, cacheBytes: 400))
        #expect(try run(a, .test(tokens: text), &scheduler) == (true, 50))
        #expect(scheduler.pages.idleCount == 3 && scheduler.blocks.idleCount == 1)
        // The window is used again without its prompt: its pages are the oldest now.
        #expect(try run(b, .test(prompt: 4), &scheduler) == (false, 4))
        #expect(try run(c, .test(prompt: 4, window: 1), &scheduler) == (true, 4))
        #expect(scheduler.pages.idleCount == 2 && scheduler.blocks.idleCount == 2)
        #expect(try run(SequenceID(4), .test(tokens: text), &scheduler) == (false, 18), "its last page went")
    }
}
