import StapesDecoding
import StapesDevice
import StapesModel
import StapesTokenizer

/// The engine's one thread: schedule, run, post-process. It owns the device, the arenas and the scheduler, and knows
/// no file, no text and no network.
package struct EngineLoop {
    package let runner: ModelRunner
    private let special: SpecialTokens
    package private(set) var scheduler: Scheduler
    private var active: [SequenceID: ActiveSequence] = [:]
    /// The decoding rows, made anew whenever one joins or leaves.
    private var batch = DecodeBatch(rows: [], seats: [], epoch: -1)
    /// The decode step that was launched last, as long as the host has not looked at its tokens.
    private var inFlight: DecodeFlight?
    private let looksAhead: Bool
    private var prefillEpoch = 0
    private let clock = ContinuousClock()
    private let metrics: EngineMetrics
    private var cacheCounts = Scheduler.CacheCounts()
    /// One row of logits, `[vocabulary]`.
    private var logits: [Float]
    /// Sequences that may wait for admission.
    private let waitingLimit: Int

    /// - Parameter limits: what there is to share out; nil follows from the configuration.
    package init(
        _ configuration: EngineConfiguration, checkpoint: Checkpoint, limits: SchedulerLimits? = nil
    ) throws {
        let limits = limits ?? SchedulerLimits(configuration, model: checkpoint.configuration)
        runner = try ModelRunner(configuration, checkpoint: checkpoint, limits: limits)
        scheduler = Scheduler(limits: limits)
        special = configuration.special
        looksAhead = configuration.looksAhead
        logits = [Float](repeating: 0, count: checkpoint.configuration.vocabularySize)
        waitingLimit = configuration.mailboxCapacity
        metrics = EngineMetrics(factory: configuration.metrics)
        metrics.captured(runner.encode.graphs.byteCount, plane: .encoder)
        metrics.captured(runner.prefill.graphs.byteCount, plane: .prefill)
        metrics.captured(runner.decode.graphs.byteCount, plane: .decode)
    }

    /// Nothing is left to do, not even a look at a step in flight whose sequences are all gone.
    package var isIdle: Bool { scheduler.isIdle && inFlight == nil }

    var capturedBytes: Int { runner.capturedBytes }

    /// What is held at this moment; all zero when nothing runs.
    package var holdings: EngineHoldings {
        EngineHoldings(
            sequences: active.count, pages: scheduler.pages.usedCount, blocks: scheduler.blocks.usedCount,
            seats: runner.seats.usedCount)
    }

    package mutating func submit(
        _ id: SequenceID, _ request: WindowRequest,
        completion: @escaping @Sendable (Result<WindowOutcome, EngineError>) -> Void
    ) {
        do throws(EngineError) {
            // The mailbox is emptied every step: it bounds what comes at once, this what has come.
            guard scheduler.waitingCount < waitingLimit else {
                throw EngineError(.overloaded, "the engine has too many requests waiting")
            }
            try request.check(against: runner.configuration)
            try scheduler.submit(id, request.demand)
            active[id] = ActiveSequence(request: request, completion: completion)
        } catch {
            completion(.failure(error))
        }
    }

    package mutating func cancel(_ id: SequenceID) {
        finish(id, with: .failure(EngineError(.cancelled, "the request was cancelled")))
    }

    package mutating func step() {
        let step = scheduler.schedule()
        let launched = launchDecode(step.decode)
        settleFlight()
        inFlight = launched
        if !looksAhead { settleFlight() }
        prefill(step.prefill)
        if let encoding = step.encode { encode(encoding) }
        tellCaches()
    }

    // MARK: The three planes

    private mutating func encode(_ encoding: Step.Encoding) {
        guard let request = active[encoding.id]?.request else { return }
        do {
            let start = clock.now
            let route = try runner.encode.run(
                request.features, positions: request.positions, block: encoding.block)
            let duration = seconds(since: start)
            metrics.step(route, plane: .encoder, live: 1)
            active[encoding.id]?.times.encodeSeconds += duration
            scheduler.didEncode(encoding.id)
        } catch {
            fail([encoding.id], error)
        }
    }

    private mutating func prefill(_ ids: [SequenceID]) {
        let requests = ids.compactMap { active[$0]?.request }
        guard !requests.isEmpty else { return }
        prefillEpoch += 1
        for id in ids { sit(id) }
        do {
            let start = clock.now
            let prompts = zip(ids, requests).map { prompt(of: $0, $1) }
            let launched = try runner.prefill.run(prompts, epoch: prefillEpoch)
            metrics.step(launched.route, plane: .prefill, live: ids.count)
            readStarts(ids, of: launched)
            let share = seconds(since: start) / Double(ids.count)
            settle(ids, of: launched, in: runner.prefill) { $0.times.prefillSeconds += share }
        } catch {
            fail(ids, error)
        }
    }

    /// Launches a token more of every row. Which tokens it begins with the device knows.
    private mutating func launchDecode(_ ids: [SequenceID]) -> DecodeFlight? {
        guard !ids.isEmpty else { return nil }
        do {
            let start = clock.now
            let rebuilds = runner.decode.indices.rebuilds
            refreshBatch(ids)
            let launched = try runner.decode.run(batch)
            metrics.step(launched.route, plane: .decode, live: ids.count)
            metrics.rebuiltPlans(runner.decode.indices.rebuilds - rebuilds)
            for id in ids { scheduler.didDecode(id) }
            return DecodeFlight(ids: ids, launched: launched, launchSeconds: seconds(since: start))
        } catch {
            fail(ids, error)
            return nil
        }
    }

    private mutating func refreshBatch(_ ids: [SequenceID]) {
        if batch.attention.epoch != scheduler.epoch {
            batch = DecodeBatch(
                rows: ids.map { row(of: $0, tokens: 1) }, seats: ids.map { active[$0]?.seat ?? 0 },
                epoch: scheduler.epoch)
        } else {
            for (row, id) in ids.enumerated() { batch.attention.rows[row].context = scheduler[id]?.length ?? 0 }
        }
    }

    private func prompt(of id: SequenceID, _ request: WindowRequest) -> Prompt {
        let row = row(of: id, tokens: request.prompt.count - (scheduler[id]?.length ?? 0))
        return Prompt(
            row: row, tokens: Array(request.prompt[row.context...]),
            logitTokens: [request.prompt.count - 1 - row.context, request.startIndex - row.context],
            seat: active[id]?.seat ?? 0)
    }

    private func row(of id: SequenceID, tokens: Int) -> AttentionRow {
        guard let sequence = scheduler[id], let block = sequence.block else {
            preconditionFailure("a step names admitted sequences only")
        }
        return AttentionRow(
            tokens: tokens, context: sequence.length, pages: sequence.pages, block: block,
            encoderLength: sequence.demand.encoderLength)
    }

    /// Gives a sequence that samples its seat.
    private mutating func sit(_ id: SequenceID) {
        guard case .transcript(let rules, let sampling, _) = active[id]?.request.purpose else { return }
        let seat = runner.seats.reserve(rules, sampling)
        active[id]?.seat = seat
    }

    // MARK: After a step

    /// Reads what is read once a window, where its transcript starts.
    private mutating func readStarts(_ ids: [SequenceID], of launched: DecoderPlane.Launched) {
        for (row, id) in ids.enumerated() {
            guard let purpose = active[id]?.request.purpose else { continue }
            scheduler.didPrefill(id)
            runner.prefill.readLogits(2 * row + 1, of: launched, into: &logits)
            switch purpose {
            case .languages:
                let probabilities = logits.withUnsafeBufferPointer {
                    RowProbability.languages(logits: $0, special: special)
                }
                active[id]?.answer = .languages(probabilities)
            case .transcript:
                let noSpeech = logits.withUnsafeBufferPointer { RowProbability.noSpeech(logits: $0, special: special) }
                active[id]?.noSpeechProbability = Double(noSpeech)
            }
        }
    }

    /// Looks at the tokens of the decode step in flight. Rows of sequences that have ended meanwhile were computed for
    /// nobody.
    private mutating func settleFlight() {
        guard let flight = inFlight else { return }
        inFlight = nil
        let alive = flight.ids.count { active[$0] != nil }
        // Before the callers go on, who may read what was counted at once.
        metrics.late(rows: flight.ids.count - alive)
        metrics.decodeStep(seconds: flight.launchSeconds)
        let share = flight.launchSeconds / Double(max(1, alive))
        settle(flight.ids, of: flight.launched, in: runner.decode) { $0.times.decodeSeconds += share }
    }

    /// Takes in the choices of a step, books its time and lets go of the sequences that have their answer.
    private mutating func settle(
        _ ids: [SequenceID], of launched: DecoderPlane.Launched, in plane: DecoderPlane,
        book: (inout ActiveSequence) -> Void
    ) {
        for (row, id) in ids.enumerated() {
            guard var sequence = active.removeValue(forKey: id) else { continue }
            sequence.take(plane.choice(row: row, of: launched), endOfText: special.endOfText)
            book(&sequence)
            let result = sequence.result
            active[id] = sequence
            if let result { finish(id, with: result) }
        }
    }

    private mutating func fail(_ ids: [SequenceID], _ error: DeviceError) {
        for id in ids { finish(id, with: .failure(EngineError(.device, error.message, cause: error))) }
    }

    private mutating func finish(_ id: SequenceID, with result: Result<WindowOutcome, EngineError>) {
        guard let sequence = active.removeValue(forKey: id) else { return }
        scheduler.finish(id)
        if let seat = sequence.seat { runner.seats.release(seat) }
        // Before the caller goes on: what it then looks at is up to date.
        tellCaches()
        sequence.completion(result)
    }

    private mutating func tellCaches() {
        let counts = scheduler.cacheCounts
        metrics.caches(cacheCounts, counts)
        cacheCounts = counts
    }

    private func seconds(since start: ContinuousClock.Instant) -> Double {
        (clock.now - start) / .seconds(1)
    }
}

/// A decode step that was launched and not looked at.
private struct DecodeFlight {
    let ids: [SequenceID]
    let launched: DecoderPlane.Launched
    let launchSeconds: Double
}

/// What an engine holds at one moment; all zero when nothing runs.
package struct EngineHoldings: Sendable, Hashable {
    package let sequences: Int
    package let pages: Int
    package let blocks: Int
    package let seats: Int

    package init(sequences: Int = 0, pages: Int = 0, blocks: Int = 0, seats: Int = 0) {
        self.sequences = sequences
        self.pages = pages
        self.blocks = blocks
        self.seats = seats
    }
}
