import StapesEngine
import Testing

/// Windows that are encoded together: as many of full length as wait, in the order of their turns, and nobody waits for
/// others to come.
@Suite struct EncodingBatchTests {
    private func limits(
        _ windows: Int, rows: Int = 16, selfPages: Int = 64 * 28, crossBlocks: Int = 64, interval: Int = 1
    ) -> SchedulerLimits {
        .test(
            rows: rows, selfPages: selfPages, crossBlocks: crossBlocks, encodingInterval: interval,
            encodingWindows: windows)
    }

    private func ids(_ numbers: some Sequence<Int>) -> [SequenceID] { numbers.map { SequenceID($0) } }

    /// Windows of their own, each with a number of positions.
    private func submit(
        _ numbers: some Sequence<Int>, positions: Int = 1500, width: Int = 1, job: Job = Job(),
        to scheduler: inout Scheduler
    ) throws {
        for number in numbers {
            try scheduler.submit(
                SequenceID(number), .test(window: number, encoderLength: positions, width: width, job: job))
        }
    }

    /// What the next step encodes, which is then done.
    private func encoded(_ scheduler: inout Scheduler) -> [Int] {
        let step = scheduler.schedule()
        for encoding in step.encode { scheduler.didEncode(encoding.id) }
        return step.encode.map(\.id.number)
    }

    @Test func windowsThatWaitAreEncodedTogether() throws {
        var scheduler = Scheduler(limits: limits(4))
        try submit(1...6, to: &scheduler)
        let step = scheduler.schedule()
        #expect(step.encode.map(\.id) == ids(1...4))
        #expect(step.encode.map(\.block) == ids(1...4).compactMap { scheduler[$0]?.block })
        #expect(Set(step.encode.map(\.block)).count == 4 && !step.encode.map(\.block).contains(0))
        for encoding in step.encode { scheduler.willEncode(encoding.id) }
        let next = scheduler.schedule()
        #expect(next.encode.map(\.id) == ids(5...6) && next.prefill.isEmpty, "those in flight are not given again")
        for id in ids(1...4) { scheduler.didEncode(id) }
        #expect(scheduler.schedule().prefill == ids(1...4))
    }

    @Test func oneWindowDoesNotWaitForOthers() throws {
        var scheduler = Scheduler(limits: limits(8))
        for number in 1...3 {
            try submit([number], to: &scheduler)
            #expect(encoded(&scheduler) == [number])
        }
    }

    @Test func shorterWindowsAreEncodedAlone() throws {
        var scheduler = Scheduler(limits: limits(4))
        try submit([1], to: &scheduler)
        try submit([2], positions: 700, to: &scheduler)
        try submit([3], to: &scheduler)
        try submit([4], positions: 700, to: &scheduler)
        try submit([5], to: &scheduler)
        // Four are admitted at a time; a shorter one waits for one encoding of those before it.
        #expect(encoded(&scheduler) == [1, 3])
        #expect(encoded(&scheduler) == [2])
        #expect(encoded(&scheduler) == [4])
        #expect(encoded(&scheduler) == [5])
        #expect(encoded(&scheduler) == [])
    }

    @Test func lackOfBlocksOrPagesOrRowsMakesASmallerBatch() throws {
        for (limits, first) in [
            (limits(8, crossBlocks: 4), [1, 2, 3]), (limits(8, selfPages: 3), [1, 2]),
            (limits(8, rows: 5), [1, 2, 3, 4, 5]),
        ] {
            var scheduler = Scheduler(limits: limits)
            try submit(1...8, to: &scheduler)
            #expect(encoded(&scheduler) == first)
            #expect(encoded(&scheduler) == [], "nothing is free")
            scheduler.finish(SequenceID(1))
            #expect(encoded(&scheduler) == [first.count + 1])
        }
        // A beam at the head is not passed by those who would fit.
        var scheduler = Scheduler(limits: limits(8, rows: 5))
        try submit([1], width: 3, to: &scheduler)
        try submit([2], width: 3, to: &scheduler)
        try submit([3], to: &scheduler)
        #expect(encoded(&scheduler) == [1])
    }

    /// What an encoder that has no room is not given is not admitted either: one who comes meanwhile may be due before.
    @Test func nobodyIsAdmittedWhileTheEncoderHasNoRoom() throws {
        var scheduler = Scheduler(limits: limits(4))
        try submit(1...2, job: Job(number: 1, priority: 1), to: &scheduler)
        #expect(scheduler.schedule(encoderIsFree: false).isEmpty)
        #expect(scheduler.blocks.usedCount == 0 && scheduler.pages.usedCount == 0 && scheduler.waitingCount == 2)
        try submit(3...7, job: Job(number: 2), to: &scheduler)
        #expect(encoded(&scheduler) == [3, 4, 5, 6])
        #expect(encoded(&scheduler) == [7, 1, 2], "the more urgent first, then others with it")
    }

    @Test func everyBatchIsSharedAmongJobs() throws {
        var scheduler = Scheduler(limits: limits(4, rows: 64, crossBlocks: 65))
        for job in 1...2 { try submit(job * 100..<job * 100 + 8, job: Job(number: job), to: &scheduler) }
        for round in 0..<4 {
            let numbers = encoded(&scheduler)
            #expect(numbers.count == 4 && numbers.count { $0 < 200 } == 2, "round \(round): \(numbers)")
        }
        // One that comes late is in the next batch.
        try submit(300..<320, job: Job(number: 3), to: &scheduler)
        _ = encoded(&scheduler)
        try submit([400], job: Job(number: 4), to: &scheduler)
        #expect(encoded(&scheduler).contains(400))
    }

    /// One of a flight is gone, and another waits for its window: that one encodes it again, and the others go on.
    @Test func windowOfAFlightIsHandedOver() throws {
        var scheduler = Scheduler(limits: limits(4))
        try submit(1...2, to: &scheduler)
        try scheduler.submit(SequenceID(3), .test(window: 1))
        let step = scheduler.schedule()
        #expect(step.encode.map(\.id) == ids(1...2))
        for encoding in step.encode { scheduler.willEncode(encoding.id) }
        let block = scheduler[SequenceID(1)]?.block
        scheduler.finish(SequenceID(1))
        let again = scheduler.schedule()
        #expect(again.encode.map(\.id) == ids([3]) && again.encode.first?.block == block)
        for encoding in step.encode { scheduler.didEncode(encoding.id) }
        #expect(scheduler.schedule().prefill == ids([2]), "what was encoded for one that is gone is nobody's")
        scheduler.didEncode(SequenceID(3))
        #expect(scheduler.schedule().prefill == ids(2...3))
        for id in ids(2...3) { scheduler.finish(id) }
        #expect(scheduler.isIdle && scheduler.blocks.usedCount == 0 && scheduler.pages.usedCount == 0)
    }

    @Test func rowsThatDecodeGetTokensBetweenTwoBatches() throws {
        var scheduler = Scheduler(limits: limits(2, interval: 3))
        try submit([1], to: &scheduler)
        #expect(encoded(&scheduler) == [1])
        _ = scheduler.schedule()
        scheduler.didPrefill(SequenceID(1))
        try submit(2...5, to: &scheduler)
        var counts: [Int] = []
        for _ in 0..<6 {
            let step = scheduler.schedule()
            for encoding in step.encode {
                scheduler.willEncode(encoding.id)
                scheduler.didEncode(encoding.id)
            }
            counts.append(step.encode.count)
            for id in step.decode { scheduler.didDecode(id) }
        }
        #expect(counts == [0, 0, 2, 0, 0, 2])
    }
}
