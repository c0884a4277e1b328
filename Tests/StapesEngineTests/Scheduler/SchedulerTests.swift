import StapesEngine
import Testing

@Suite struct SchedulerTests {
    private func ids(_ numbers: Int...) -> [SequenceID] { numbers.map { SequenceID($0) } }
    private let a = SequenceID(1)
    private let b = SequenceID(2)
    private let c = SequenceID(3)

    @Test func idleSchedulerHasNothingToDo() {
        var scheduler = Scheduler(limits: .test())
        #expect(scheduler.isIdle && scheduler.schedule().isEmpty)
    }

    @Test func windowGoesThroughEncodePrefillAndDecode() throws {
        var scheduler = Scheduler(limits: .test())
        try scheduler.submit(a, .test(prompt: 4))
        var step = scheduler.schedule()
        #expect(step.encode.first?.id == a && step.prefill == [] && step.decode == [])
        #expect(step.encode.first?.block == scheduler[a]?.block)
        scheduler.didEncode(a)
        step = scheduler.schedule()
        #expect(step.encode.isEmpty && step.prefill == [a] && step.decode == [])
        scheduler.didPrefill(a)
        step = scheduler.schedule()
        #expect(step.encode.isEmpty && step.prefill == [] && step.decode == [a])
        #expect(scheduler[a]?.length == 4)
        scheduler.didDecode(a)
        #expect(scheduler[a]?.length == 5)
        scheduler.finish(a)
        #expect(scheduler.isIdle && scheduler.pages.usedCount == 0 && scheduler.blocks.usedCount == 0)
    }

    @Test func twoSequencesWithOneWindowEncodeItOnce() throws {
        var scheduler = Scheduler(limits: .test())
        try scheduler.submit(a, .test(window: 1))
        try scheduler.submit(b, .test(window: 1))
        #expect(scheduler.schedule().encode.first?.id == a)
        #expect(scheduler[a]?.block == scheduler[b]?.block)
        scheduler.didEncode(a)
        let step = scheduler.schedule()
        #expect(step.encode.isEmpty && step.prefill == [a, b])
        // A third, while the first two decode.
        scheduler.didPrefill(a)
        scheduler.didPrefill(b)
        try scheduler.submit(c, .test(window: 1))
        let later = scheduler.schedule()
        #expect(later.encode.isEmpty && later.prefill == [c] && later.decode == [a, b])
    }

    @Test func differentWindowsNeverShareABlock() throws {
        var scheduler = Scheduler(limits: .test())
        try scheduler.submit(a, .test(window: 1))
        try scheduler.submit(b, .test(window: 2))
        _ = scheduler.schedule()
        scheduler.didEncode(a)
        _ = scheduler.schedule()
        #expect(scheduler[a]?.block != nil && scheduler[b]?.block != nil)
        #expect(scheduler[a]?.block != scheduler[b]?.block)
    }

    @Test func abortOfTheEncoderHandsTheWindowOver() throws {
        var scheduler = Scheduler(limits: .test())
        for id in [a, b, c] { try scheduler.submit(id, .test(window: 1)) }
        #expect(scheduler.schedule().encode.first?.id == a)
        scheduler.finish(a)
        #expect(scheduler.schedule().encode.first?.id == b)
        scheduler.finish(b)
        #expect(scheduler.schedule().encode.first?.id == c)
        scheduler.didEncode(c)
        #expect(scheduler.schedule().prefill == [c])
        scheduler.finish(c)
        #expect(scheduler.isIdle && scheduler.blocks.usedCount == 0 && scheduler.pages.usedCount == 0)
    }

    @Test func abortOfAWaiterLeavesTheEncoding() throws {
        var scheduler = Scheduler(limits: .test())
        for id in [a, b] { try scheduler.submit(id, .test(window: 1)) }
        _ = scheduler.schedule()
        scheduler.finish(b)
        #expect(scheduler.schedule().encode.first?.id == a)
        scheduler.didEncode(a)
        #expect(scheduler.schedule().prefill == [a])
    }

    /// The -404 case: the arenas would serve a part of what a sequence needs.
    @Test func admissionTakesPagesAndBlockOrNeither() throws {
        // Pages for one, blocks for many.
        var scheduler = Scheduler(limits: .test(selfPages: 4))
        try scheduler.submit(a, .test(prompt: 16, steps: 17, window: 1))
        try scheduler.submit(b, .test(prompt: 16, steps: 17, window: 2))
        _ = scheduler.schedule()
        scheduler.didEncode(a)
        _ = scheduler.schedule()
        #expect(scheduler.pages.usedCount == 2 && scheduler.blocks.usedCount == 1)
        #expect(scheduler[b]?.state == .waiting && scheduler[b]?.block == nil && scheduler[b]?.pages == [])
        // Blocks for one, pages for many.
        scheduler = Scheduler(limits: .test(crossBlocks: 2))
        try scheduler.submit(a, .test(window: 1))
        try scheduler.submit(b, .test(window: 2))
        _ = scheduler.schedule()
        scheduler.didEncode(a)
        _ = scheduler.schedule()
        #expect(scheduler.pages.usedCount == 1 && scheduler.blocks.usedCount == 1)
        #expect(scheduler[b]?.state == .waiting)
        scheduler.finish(a)
        #expect(scheduler.schedule().encode.first?.id == b)
    }

    @Test func firstComeIsFirstServedThoughALaterOneWouldFit() throws {
        var scheduler = Scheduler(limits: .test(selfPages: 4))
        try scheduler.submit(a, .test(prompt: 16, steps: 17, window: 1))
        try scheduler.submit(b, .test(prompt: 32, steps: 1, window: 2))
        try scheduler.submit(c, .test(prompt: 1, steps: 1, window: 3))
        _ = scheduler.schedule()
        scheduler.didEncode(a)
        _ = scheduler.schedule()
        #expect(scheduler[b]?.state == .waiting && scheduler[c]?.state == .waiting)
        // One that gives up does not hold up those behind it.
        scheduler.finish(b)
        _ = scheduler.schedule()
        #expect(scheduler[c]?.state == .encoding)
    }

    @Test func rowsAreNeverMoreThanTheLimit() throws {
        var scheduler = Scheduler(limits: .test(rows: 2))
        for number in 1...5 { try scheduler.submit(SequenceID(number), .test(window: number)) }
        for _ in 1...5 { if let id = scheduler.schedule().encode.first?.id { scheduler.didEncode(id) } }
        #expect((1...5).filter { scheduler[SequenceID($0)]?.state != .waiting } == [1, 2])
        scheduler.finish(a)
        _ = scheduler.schedule()
        #expect((2...5).filter { scheduler[SequenceID($0)]?.state != .waiting } == [2, 3])
    }

    @Test func promptsOfAStepFitItsBudget() throws {
        var scheduler = Scheduler(limits: .test(prefillTokens: 100))
        for (number, prompt) in [(1, 60), (2, 40), (3, 30), (4, 100), (5, 1)] {
            try scheduler.submit(SequenceID(number), .test(prompt: prompt, window: 1))
        }
        _ = scheduler.schedule()
        scheduler.didEncode(a)
        var steps: [[SequenceID]] = []
        while true {
            let step = scheduler.schedule()
            guard !step.prefill.isEmpty else { break }
            steps.append(step.prefill)
            for id in step.prefill { scheduler.didPrefill(id) }
        }
        #expect(steps == [ids(1, 2), ids(3), ids(4), ids(5)], "in order: none overtakes another")
    }

    @Test func epochChangesOnJoinAndLeaveOnly() throws {
        var scheduler = Scheduler(limits: .test())
        var seen: Set<Int> = [scheduler.epoch]
        func unchanged(_ body: () throws -> Void) rethrows {
            let before = scheduler.epoch
            try body()
            #expect(scheduler.epoch == before)
        }
        func changed(_ body: () -> Void) {
            body()
            #expect(seen.insert(scheduler.epoch).inserted, "an epoch came back")
        }
        try unchanged {
            for id in [a, b, c] { try scheduler.submit(id, .test(window: 1)) }
            _ = scheduler.schedule()
            scheduler.didEncode(a)
        }
        changed { scheduler.didPrefill(a) }
        changed { scheduler.didPrefill(b) }
        unchanged {
            scheduler.didDecode(a)
            _ = scheduler.schedule()
            scheduler.finish(c)
        }
        changed { scheduler.finish(a) }
        unchanged { scheduler.finish(a) }
        changed { scheduler.finish(b) }
    }

    @Test func lastTokenEndsASequenceBeforeItIsLookedAt() throws {
        var scheduler = Scheduler(limits: .test())
        try scheduler.submit(a, .test(prompt: 4, steps: 3))
        try scheduler.submit(b, .test(prompt: 4, steps: 1))
        _ = scheduler.schedule()
        scheduler.didEncode(a)
        #expect(scheduler.schedule().prefill == [a, b])
        scheduler.didPrefill(a)
        #expect(scheduler[a]?.state == .decoding && scheduler[a]?.sampled == 1)
        var epoch = scheduler.epoch
        // One token is all it may have: it never joins the decoding rows.
        scheduler.didPrefill(b)
        #expect(scheduler[b]?.state == .ending && scheduler[b]?.sampled == 1 && scheduler.epoch == epoch)
        #expect(scheduler.schedule().decode == [a])
        scheduler.didDecode(a)
        #expect(scheduler[a]?.state == .decoding && scheduler.epoch == epoch)
        scheduler.didDecode(a)
        #expect(scheduler[a]?.state == .ending && scheduler[a]?.sampled == 3 && scheduler[a]?.length == 6)
        #expect(scheduler.epoch != epoch)
        // Nothing is left to do, and both still hold what the host has not let go of.
        epoch = scheduler.epoch
        #expect(scheduler.schedule().isEmpty && !scheduler.isIdle)
        #expect(scheduler.pages.usedCount == 2 && scheduler.blocks.usedCount == 1)
        scheduler.finish(a)
        scheduler.finish(b)
        #expect(scheduler.epoch == epoch, "they had left before")
        #expect(scheduler.isIdle && scheduler.pages.usedCount == 0 && scheduler.blocks.usedCount == 0)
    }

    @Test func rowOfASequenceAtItsEndIsStillTaken() throws {
        var scheduler = Scheduler(limits: .test(rows: 1))
        try scheduler.submit(a, .test(steps: 1))
        try scheduler.submit(b, .test(steps: 1))
        _ = scheduler.schedule()
        scheduler.didEncode(a)
        scheduler.didPrefill(a)
        #expect(scheduler.schedule().isEmpty && scheduler[b]?.state == .waiting)
        scheduler.finish(a)
        #expect(scheduler.schedule().prefill == [b])
    }

    @Test func lateNewsOfAFinishedSequenceIsIgnored() throws {
        var scheduler = Scheduler(limits: .test())
        try scheduler.submit(a, .test())
        _ = scheduler.schedule()
        scheduler.finish(a)
        scheduler.didEncode(a)
        scheduler.didPrefill(a)
        scheduler.didDecode(a)
        scheduler.finish(a)
        #expect(scheduler.isIdle && scheduler.schedule().isEmpty)
        #expect(scheduler.pages.usedCount == 0 && scheduler.blocks.usedCount == 0)
    }
}
