import StapesEngine
import Testing

/// Who gets the encoder when, by a clock that is moved by encodings and decode steps.
@Suite struct FairnessTests {
    /// A run of a scheduler in which an encoding takes 100 ms and everything else in a step 10.
    private struct Simulation {
        var scheduler: Scheduler
        /// Milliseconds.
        var now = 0
        /// When each was encoded, or had its prompt run.
        var encoded: [Int: Int] = [:]
        var prefilled: [Int: Int] = [:]
        var order: [Int] = []

        init(_ limits: SchedulerLimits) { scheduler = Scheduler(limits: limits) }

        mutating func submit(_ id: Int, job: Job, window: Int? = nil, width: Int = 1, steps: Int = 8) throws {
            try scheduler.submit(
                SequenceID(id), .test(steps: steps, window: window ?? id, width: width, job: job))
        }

        mutating func step() {
            let step = scheduler.schedule()
            now += 10
            for id in step.decode {
                scheduler.didDecode(id)
                if scheduler[id]?.state == .ending { scheduler.finish(id) }
            }
            for id in step.prefill {
                prefilled[id.number] = now
                scheduler.didPrefill(id)
                if scheduler[id]?.state == .ending { scheduler.finish(id) }
            }
            if let id = step.encode.first?.id {
                now += 100
                scheduler.didEncode(id)
                encoded[id.number] = now
                order.append(id.number)
            }
        }

        mutating func drain() {
            while !scheduler.isIdle, now < 1_000_000 { step() }
        }
    }

    /// Four short ones come while a job of 32 windows is at its second: each waits for one encoding of every other job.
    @Test(arguments: [4, 16]) func shortJobsPassALongOne(rows: Int) throws {
        var world = Simulation(.test(rows: rows, selfPages: 64 * 28, crossBlocks: 64))
        let long = Job(number: 1)
        for id in 1...32 { try world.submit(id, job: long) }
        for _ in 0..<2 { world.step() }
        let arrival = world.now
        for id in 101...104 { try world.submit(id, job: Job(number: id)) }
        world.drain()
        for id in 101...104 {
            let wait = try #require(world.encoded[id]) - arrival
            #expect(wait <= 5 * 110 + (rows < 8 ? 8 * 10 : 0), "\(id) waited \(wait) ms: \(world.order)")
        }
        #expect(world.order.count == 36)
        #expect(world.order.filter { $0 < 100 } == Array(1...32), "a job's own windows keep their order")
    }

    @Test func twoLongJobsShareTheEncoder() throws {
        var world = Simulation(.test(rows: 16, selfPages: 64 * 28, crossBlocks: 64))
        for id in 1...20 { try world.submit(id, job: Job(number: 1)) }
        for id in 21...40 { try world.submit(id, job: Job(number: 2)) }
        world.drain()
        for count in 1...40 {
            let first = world.order.prefix(count).count { $0 <= 20 }
            #expect(abs(2 * first - count) <= 2)
        }
    }

    @Test func lowerPriorityWaitsForAllOfTheHigher() throws {
        var world = Simulation(.test(rows: 16, selfPages: 64 * 28, crossBlocks: 64))
        for id in 1...4 { try world.submit(id, job: Job(number: 1, priority: 5)) }
        world.step()
        for id in 11...18 { try world.submit(id, job: Job(number: 2)) }
        world.drain()
        #expect(world.order == [1] + Array(11...18) + [2, 3, 4])
    }

    /// Small ones come all the time; the beam is next and waits until enough rows are free, and nobody passes it.
    @Test func wideBeamIsNotStarved() throws {
        var world = Simulation(.test(rows: 6, selfPages: 64 * 28, crossBlocks: 64))
        for id in 1...6 { try world.submit(id, job: Job(number: id), steps: 40) }
        for _ in 0..<8 { world.step() }
        try world.submit(50, job: Job(number: 50), width: 5)
        for id in 100..<200 {
            try world.submit(id, job: Job(number: id), steps: 40)
            world.step()
            world.step()
        }
        #expect(world.encoded[50] != nil, "\(world.order)")
        #expect(world.order.firstIndex(of: 50) ?? .max < 14, "\(world.order)")
        world.drain()
    }

    /// What is there already is not lost while its sequence waits behind others, and does not keep them out for ever.
    @Test func foundWindowsPassWithinBounds() throws {
        var world = Simulation(.test(rows: 8, selfPages: 64 * 28, crossBlocks: 64))
        try world.submit(1, job: Job(number: 1))
        world.drain()
        let kept = world.scheduler
        for id in 10..<20 { try world.submit(id, job: Job(number: id)) }
        try world.submit(2, job: Job(number: 1), window: 1)
        world.step()
        #expect(world.order == [1, 10] && world.prefilled[2] != nil, "it passes those that wait for the encoder")
        world.drain()
        // Without end, each time the encoder would be free.
        world = Simulation(.test(rows: 8, selfPages: 64 * 28, crossBlocks: 64))
        world.scheduler = kept
        try world.submit(10, job: Job(number: 10), width: 8)
        var next = 100
        while world.encoded[10] == nil, next < 10_000 {
            for _ in 0..<4 {
                try world.submit(next, job: Job(number: next), window: 1)
                next += 1
            }
            world.step()
        }
        #expect(next < 400, "whoever needs all rows gets them")
    }

    @Test(arguments: [1, 2, 4]) func rowsGetTokensBetweenEncodings(interval: Int) throws {
        var scheduler = Scheduler(limits: .test(encodingInterval: interval))
        for id in 1...4 { try scheduler.submit(SequenceID(id), .test(steps: 100, window: id)) }
        var gaps: [Int] = []
        var tokens = 0
        for _ in 0..<40 {
            let step = scheduler.schedule()
            if !step.decode.isEmpty { tokens += 1 }
            for id in step.decode { scheduler.didDecode(id) }
            for id in step.prefill { scheduler.didPrefill(id) }
            if let id = step.encode.first?.id {
                gaps.append(tokens)
                tokens = 0
                scheduler.didEncode(id)
            }
        }
        // The second begins while the first one's prompt runs: nothing is decoding yet.
        #expect(gaps == [0, 0, interval, interval])
    }
}
