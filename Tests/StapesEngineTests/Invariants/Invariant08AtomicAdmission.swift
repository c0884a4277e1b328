import StapesDecoding
import StapesEngine
import StapesTesting
import Testing

/// The scheduler's own bursts stand beside it; here are the case that killed another scheduler, and bursts on an engine.
@Suite("Invariant 8: atomic admission") struct Invariant08AtomicAdmission {
    private func demand(_ window: Int, prompt: Int = 4, encoderLength: Int = 1500) -> SequenceDemand {
        SequenceDemand(
            promptCount: prompt, stepLimit: 100, key: WindowKey(features: [Float(window)], positions: encoderLength),
            encoderLength: encoderLength)
    }

    /// 4096 - 3 * 1500 = -404: encoder positions counted against the prompts' budget left less than nothing.
    @Test func threeLongWindowsLeaveABudgetOf4096Alone() throws {
        let limits = SchedulerLimits(
            rows: 8, selfPages: 8 * 28 + 1, crossBlocks: 9, prefillTokens: 4096, textContext: 448, audioContext: 1500)
        var scheduler = Scheduler(limits: limits)
        let ids = (1...3).map(SequenceID.init)
        for id in ids { try scheduler.submit(id, demand(id.number)) }
        #expect(scheduler.schedule().prefill.isEmpty)
        for id in ids {
            let encoding = try #require(scheduler.schedule().encode.first)
            #expect(encoding.id == id, "each is admitted as soon as the encoder has time")
            scheduler.didEncode(id)
        }
        #expect(scheduler.waitingCount == 0 && scheduler.blocks.usedCount == 3)
        let prompts = scheduler.schedule()
        #expect(prompts.prefill == ids && prompts.decode.isEmpty, "their prompts take twelve tokens of the budget")
        for id in ids { scheduler.didPrefill(id) }
        #expect(scheduler.schedule().decode == ids)
        for id in ids { scheduler.finish(id) }
        #expect(scheduler.pages.usedCount == 0 && scheduler.blocks.usedCount == 0)
    }

    /// A budget smaller than one window's positions serves windows all the same.
    @Test func budgetBelowOneWindowServesWindows() throws {
        var scheduler = Scheduler(
            limits: SchedulerLimits(
                rows: 8, selfPages: 8 * 28 + 1, crossBlocks: 9, prefillTokens: 8, textContext: 448, audioContext: 1500))
        let ids = (1...3).map(SequenceID.init)
        for id in ids { try scheduler.submit(id, demand(id.number)) }
        for _ in ids {
            guard let encoding = scheduler.schedule().encode.first else { break }
            scheduler.didEncode(encoding.id)
        }
        #expect(scheduler.schedule().prefill == Array(ids.prefix(2)), "two prompts of four tokens fit")
        for id in ids.prefix(2) { scheduler.didPrefill(id) }
        #expect(scheduler.schedule().prefill == [ids[2]])
    }

    /// All requests of a burst say on every budget what they say with room for all.
    @Test(arguments: [Setup.float32, .gpu]) func burstsOnSmallBudgetsSayWhatTheyShould(type: Setup) throws {
        let requests = type.requests
        let roomy = try LoopWorld(TinyModel.setup(type, rows: 16))
        let expected = roomy.submit(requests)
        roomy.drain()
        let seed: UInt64 = 180
        var generator = SeededGenerator(seed: seed)
        for round in 0..<type.rounds(24) / 2 {
            // The longest needs 18 pages and a prefill of 223 tokens; of the brief ones, 2 and 20.
            let (pages, tokens) = type.isGPU ? (3...6, 20...40) : (19...40, 223...300)
            let limits = SchedulerLimits.tiny(
                rows: Int.random(in: 1...8, using: &generator), selfPages: Int.random(in: pages, using: &generator),
                crossBlocks: Int.random(in: 2...5, using: &generator),
                prefillTokens: Int.random(in: tokens, using: &generator))
            let configuration = TinyModel.setup(
                type, rows: limits.rows, looksAhead: Bool.random(using: &generator), cacheBytes: 0)
            let world = try LoopWorld(configuration, limits: limits)
            let order = requests.indices.shuffled(using: &generator)
            var ids: [Int: SequenceID] = [:]
            for index in order {
                ids[index] = world.submit(requests[index])
                world.step(Int.random(in: 0...2, using: &generator))
            }
            world.drain()
            for index in requests.indices {
                let found = ids[index].flatMap { world.transcript(of: $0) }
                #expect(
                    found != nil && found == roomy.transcript(of: expected[index]),
                    "request \(index), round \(round), seed \(seed), \(limits)")
            }
            #expect(world.loop.holdings == EngineHoldings(), "round \(round), seed \(seed)")
        }
    }
}

extension SchedulerLimits {
    /// Less than the tiny model's configuration would give.
    static func tiny(rows: Int, selfPages: Int, crossBlocks: Int = 9, prefillTokens: Int = 512) -> SchedulerLimits {
        SchedulerLimits(
            rows: rows, selfPages: selfPages, crossBlocks: crossBlocks, prefillTokens: prefillTokens,
            textContext: TinyModel.configuration.textContext, audioContext: TinyModel.configuration.audioContext,
            cacheBytes: 0)
    }
}
