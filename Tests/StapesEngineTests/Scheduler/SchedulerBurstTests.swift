import StapesEngine
import StapesTesting
import Testing

/// Invariants 7 and 8: any burst on any budget drains, and everything comes back.
@Suite struct SchedulerBurstTests {
    private static let seed: UInt64 = 70

    private static let budgets: [SchedulerLimits] = [
        .test(), .test(rows: 1, selfPages: 29, crossBlocks: 2), .test(rows: 3, selfPages: 29, crossBlocks: 9),
        .test(rows: 64, selfPages: 200, crossBlocks: 2), .test(rows: 5, selfPages: 1000, crossBlocks: 3),
        .test(rows: 4, selfPages: 8, crossBlocks: 5, prefillTokens: 40),
        .test(rows: 64, selfPages: 64 * 28 + 1, crossBlocks: 65),
        .test(selfPages: 12 * 28 + 1, crossBlocks: 40, pageBytes: 3, blockBytes: 50, cacheBytes: 400),
        .test(selfPages: 12 * 28 + 1, crossBlocks: 40, pageBytes: 3, blockBytes: 50, cacheBytes: 0),
        .test(rows: 16, selfPages: 16 * 28 + 1, crossBlocks: 24, encodingInterval: 4),
        // Windows of three positions are of full length here: they are encoded together, the others alone.
        .test(audioContext: 3, encodingWindows: 4),
        .test(rows: 16, selfPages: 200, crossBlocks: 6, audioContext: 3, encodingInterval: 2, encodingWindows: 8),
        .test(rows: 3, selfPages: 29, crossBlocks: 3, audioContext: 3, cacheBytes: 0, encodingWindows: 2),
    ]

    @Test(arguments: budgets.indices, [0.0, 0.3]) func burstDrainsToTheBaseline(_ budget: Int, _ trouble: Double) {
        let limits = Self.budgets[budget]
        var driver = SchedulerDriver(
            limits: limits, seed: Self.seed + UInt64(budget), trouble: trouble, looksAhead: budget % 2 == 0)
        driver.submit(0..<1000, windows: 40, jobs: 1 + 8 * (budget % 3))
        var steps = 0
        while !driver.isIdle, driver.violations.isEmpty, steps < 100_000 {
            driver.step()
            steps += 1
        }
        #expect(driver.isIdle && driver.scheduler.isIdle, "the burst drains")
        #expect(driver.violations == [], "seed \(Self.seed + UInt64(budget)), \(limits)")
        #expect(driver.scheduler.pages.usedCount == 0 && driver.scheduler.blocks.usedCount == 0)
        #expect(driver.scheduler.nextStep().isEmpty)
        #expect(driver.finished > 10)
        #expect(driver.scheduler.cacheCounts.idleBytes <= limits.cacheBytes)
        // Two that run at the same time share pages whatever is kept; the narrowest budgets never let them, and with
        // one block those of one window begin together, before any of them has run its prompt.
        #expect(driver.reusedPages > 0 || limits.selfPages < 100 || limits.crossBlocks == 2, "no prompt was found")
        if trouble > 0 {
            #expect(driver.abortedIn.isSuperset(of: [.waiting, .encoding, .encoded, .decoding]), "\(driver.abortedIn)")
        }
    }

    @Test func arrivalsBetweenStepsDrainToTheBaseline() {
        for round in 0..<20 {
            let seed = Self.seed + 100 + UInt64(round)
            var generator = SeededGenerator(seed: seed)
            let limits = SchedulerLimits.test(
                rows: Int.random(in: 1...9, using: &generator), selfPages: Int.random(in: 2...90, using: &generator),
                crossBlocks: Int.random(in: 2...10, using: &generator),
                prefillTokens: Int.random(in: 1...512, using: &generator),
                pageBytes: Int.random(in: 1...9, using: &generator),
                blockBytes: Int.random(in: 1...90, using: &generator),
                cacheBytes: Bool.random(using: &generator) ? .max : Int.random(in: 0...300, using: &generator),
                encodingWindows: 1 + round % 4)
            var driver = SchedulerDriver(limits: limits, seed: seed, trouble: 0.2, looksAhead: round % 2 == 0)
            for arrival in 0..<100 {
                driver.submit(arrival * 3..<arrival * 3 + Int.random(in: 0...3, using: &generator), windows: 8, jobs: 7)
                for _ in 0..<Int.random(in: 0...6, using: &generator) { driver.step() }
            }
            var steps = 0
            while !driver.isIdle, driver.violations.isEmpty, steps < 100_000 {
                driver.step()
                steps += 1
            }
            #expect(driver.isIdle && driver.scheduler.isIdle, "seed \(seed)")
            #expect(driver.violations == [], "seed \(seed), \(limits)")
            #expect(driver.scheduler.pages.usedCount == 0 && driver.scheduler.blocks.usedCount == 0, "seed \(seed)")
        }
    }

    @Test func fewWindowsAreEncodedFewTimes() {
        var driver = SchedulerDriver(limits: .test(rows: 8, crossBlocks: 9 + 3), seed: Self.seed, trouble: 0)
        driver.submit(0..<300, windows: 3)
        while !driver.isIdle, driver.violations.isEmpty { driver.step() }
        #expect(driver.violations == [])
        // Three windows at three lengths, and a block for each.
        #expect(driver.encodings == 9)
        let counts = driver.scheduler.cacheCounts
        #expect(counts.windowMisses == 9 && counts.windowHits == 300 - 9)
        #expect(counts.prefixHits == driver.reusedPages && driver.reusedPages > 300)
        #expect(counts.usedBlocks == 0 && counts.usedPages == 0)
    }
}

extension Scheduler {
    /// One more look at an idle scheduler, without changing the driver's.
    fileprivate func nextStep() -> Step {
        var copy = self
        return copy.schedule()
    }
}
