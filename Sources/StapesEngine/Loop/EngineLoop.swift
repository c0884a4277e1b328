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
    private var inFlight: Flight?
    /// Windows that are being encoded, the one begun first at the beginning.
    private var encodings = EncodingFlights()
    /// Counts how often some beam's pages changed.
    private var pagesEpoch = 0
    private let looksAhead: Bool
    private var prefillEpoch = 0
    private let clock = ContinuousClock()
    private let metrics: EngineMetrics
    private var cacheCounts = Scheduler.CacheCounts()
    /// One row of logits, `[vocabulary]`.
    private var logits: [Float]
    private let entrance: Entrance
    private var waitingCount = 0
    /// Set when the device is lost: nothing is begun any more.
    private var loss: EngineError?

    /// - Parameters:
    ///   - limits: what there is to share out; nil follows from the configuration.
    ///   - entrance: shared by the loops of an engine; nil where there is one.
    package init(
        _ configuration: EngineConfiguration, checkpoint: Checkpoint, limits: SchedulerLimits? = nil,
        entrance: Entrance? = nil
    ) throws {
        let limits = limits ?? SchedulerLimits(configuration, model: checkpoint.configuration)
        runner = try ModelRunner(configuration, checkpoint: checkpoint, limits: limits)
        scheduler = Scheduler(limits: limits)
        special = configuration.special
        looksAhead = configuration.looksAhead
        logits = [Float](repeating: 0, count: checkpoint.configuration.vocabularySize)
        metrics = EngineMetrics(
            factory: configuration.metrics,
            gaugeDimensions: entrance == nil ? [] : [("device", "\(configuration.device.device)")])
        self.entrance = entrance ?? Entrance(limit: configuration.maximumWaitingWindows)
        metrics.captured(runner.encode.graphs.byteCount, plane: .encoder)
        metrics.captured(runner.prefill.graphs.byteCount, plane: .prefill)
        metrics.captured(runner.decode.graphs.byteCount, plane: .decode)
    }

    /// Nothing is left to do, not even a look at a step in flight whose sequences are all gone.
    package var isIdle: Bool { scheduler.isIdle && inFlight == nil && encodings.isEmpty }

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
            if let loss { throw loss }
            // The mailbox is emptied every step: it bounds what comes at once, this what has come.
            guard entrance.admits(request.job) else {
                throw EngineError(.overloaded, "the engine has too many requests waiting")
            }
            try request.check(against: runner.configuration, logMelOnDevice: runner.logMelOnDevice)
            try scheduler.submit(id, request.demand)
            active[id] = ActiveSequence(request: request, submitted: clock.now, completion: completion)
            entrance.begin(request.job)
            tellWaiting()
        } catch {
            metrics.finished(.failed)
            completion(.failure(error))
        }
    }

    /// Nothing more comes of a job.
    package mutating func end(_ job: Job) { entrance.end(job) }

    package mutating func cancel(_ id: SequenceID) {
        finish(id, with: .failure(EngineError(.cancelled, "the request was cancelled")))
    }

    package mutating func step() {
        settleEncodings()
        let step = scheduler.schedule(encoderIsFree: encodings.hasRoom)
        let launched = launchDecode(step.decode)
        settleFlight()
        inFlight = launched
        // Where a beam goes the host decides: there is nothing to launch before it has looked.
        if !looksAhead || batch.wantsCandidates { settleFlight() }
        prefill(step.prefill.filter { !isAlignment($0) })
        for id in step.prefill where isAlignment(id) { align(id) }
        encode(step.encode)
        // With nothing else to do than to wait for windows, wait; but not before the device has what it can have.
        let givesMore = !step.encode.isEmpty && encodings.hasRoom && scheduler.waitingCount > 0
        if step.decode.isEmpty, step.prefill.isEmpty, inFlight == nil, !givesMore { encodings.waitForFirst() }
        settleEncodings()
        tellCaches()
    }

    // MARK: The three planes

    private mutating func encode(_ windows: [Step.Encoding]) {
        let requests = windows.compactMap { window in active[window.id].map { ($0.request, window) } }
        guard let positions = requests.first?.0.positions else { return }
        let ids = requests.map(\.1.id)
        do {
            let start = clock.now
            for id in ids { tellBeginning(of: id, at: start) }
            let mark = try encodings.makeMark(runner.encode.makeMark)
            let route = try runner.encode.run(
                requests.map { EncoderPlane.Window(features: $0.features, block: $1.block) },
                positions: positions, mark: mark)
            metrics.step(route, plane: .encoder, live: ids.count)
            encodings.append(ids, mark: mark, start: start)
            for id in ids { scheduler.willEncode(id) }
        } catch {
            fail(ids, error)
        }
    }

    /// Lets the sequences go on whose windows are there. On the CPU that is at once.
    private mutating func settleEncodings() {
        while let done = encodings.popReached() {
            do {
                try runner.encode.check()
                let duration = seconds(since: done.start)
                metrics.encoded(windows: done.ids.count, seconds: duration)
                let share = duration / Double(max(1, done.ids.count { active[$0] != nil }))
                for id in done.ids {
                    active[id]?.times.encodeSeconds += share
                    scheduler.didEncode(id)
                }
            } catch {
                fail(done.ids, error)
            }
        }
    }

    private mutating func prefill(_ ids: [SequenceID]) {
        let requests = ids.compactMap { active[$0]?.request }
        guard !requests.isEmpty else { return }
        prefillEpoch += 1
        for id in ids { sit(id) }
        do {
            let start = clock.now
            for id in ids { tellBeginning(of: id, at: start) }
            let prompts = zip(ids, requests).map { prompt(of: $0, $1) }
            let launched = try runner.prefill.run(prompts, epoch: prefillEpoch)
            metrics.step(launched.route, plane: .prefill, live: ids.count)
            readStarts(ids, of: launched)
            beginBeams(ids)
            try runner.prefill.settle(launched)
            let flight = Flight(
                ids: ids, counts: ids.map { _ in 1 }, launched: launched, seconds: seconds(since: start))
            metrics.prefilled(seconds: flight.seconds)
            settle(flight, seconds: flight.seconds, in: runner.prefill) { $0.prefillSeconds += $1 }
        } catch {
            fail(ids, error)
        }
    }

    private func isAlignment(_ id: SequenceID) -> Bool {
        if case .alignment = active[id]?.request.purpose { true } else { false }
    }

    private mutating func align(_ id: SequenceID) {
        guard let request = active[id]?.request, case .alignment(let content) = request.purpose else { return }
        do {
            let start = clock.now
            tellBeginning(of: id, at: start)
            let attention = try runner.align.run(
                request.prompt, row: row(of: id, tokens: request.prompt.count), content: content)
            scheduler.didPrefill(id)
            guard var sequence = active.removeValue(forKey: id) else { return }
            sequence.answer = .alignment(attention)
            sequence.times.prefillSeconds += seconds(since: start)
            let result = sequence.result
            active[id] = sequence
            if let result { finish(id, with: result) }
        } catch {
            fail([id], error)
        }
    }

    /// Launches a token more of every row. Which tokens it begins with the device knows.
    private mutating func launchDecode(_ ids: [SequenceID]) -> Flight? {
        guard !ids.isEmpty else { return nil }
        do {
            let start = clock.now
            let rebuilds = runner.decode.indices.rebuilds
            refreshBatch(ids)
            let launched = try runner.decode.run(batch)
            metrics.step(launched.route, plane: .decode, live: batch.seats.count)
            metrics.rebuiltPlans(runner.decode.indices.rebuilds - rebuilds)
            for id in ids { scheduler.didDecode(id) }
            return Flight(
                ids: ids, counts: ids.map { active[$0]?.beams?.pages.tables.count ?? 1 }, launched: launched,
                seconds: seconds(since: start))
        } catch {
            fail(ids, error)
            return nil
        }
    }

    private mutating func refreshBatch(_ ids: [SequenceID]) {
        let hasBeams = ids.contains { active[$0]?.beams != nil }
        guard hasBeams || batch.attention.epoch != scheduler.epoch else {
            for (row, id) in ids.enumerated() { batch.attention.rows[row].context = scheduler[id]?.length ?? 0 }
            return
        }
        var rows: [AttentionRow] = []
        var seats: [Int32] = []
        for id in ids {
            let row = row(of: id, tokens: 1)
            if let beams = active[id]?.beams {
                rows += beams.pages.tables.map { row.with(pages: $0) }
                seats += active[id]?.seats.prefix(beams.pages.tables.count) ?? []
            } else {
                rows.append(row)
                seats.append(active[id]?.seats.first ?? 0)
            }
        }
        if hasBeams { pagesEpoch += 1 }
        batch = DecodeBatch(
            rows: rows, seats: seats, epoch: scheduler.epoch, pagesEpoch: pagesEpoch, wantsCandidates: hasBeams)
    }

    private func prompt(of id: SequenceID, _ request: WindowRequest) -> Prompt {
        let row = row(of: id, tokens: request.prompt.count - (scheduler[id]?.length ?? 0))
        return Prompt(
            row: row, tokens: Array(request.prompt[row.context...]),
            logitTokens: [request.prompt.count - 1 - row.context, request.startIndex - row.context],
            seat: active[id]?.seats.first ?? 0, wantsCandidates: (scheduler[id]?.demand.width ?? 1) > 1)
    }

    private func row(of id: SequenceID, tokens: Int) -> AttentionRow {
        guard let sequence = scheduler[id], let block = sequence.block else {
            preconditionFailure("a step names admitted sequences only")
        }
        // A beam's other pages are its hypotheses'.
        let pages = sequence.demand.width > 1 ? promptPages(of: sequence) : sequence.pages
        return AttentionRow(
            tokens: tokens, context: sequence.length, pages: pages, block: block,
            encoderLength: sequence.demand.encoderLength)
    }

    private func promptPages(of sequence: ScheduledSequence) -> [Int32] {
        let count = (sequence.demand.promptCount + KVLayout.tilePositions - 1) / KVLayout.tilePositions
        return Array(sequence.pages.prefix(count))
    }

    /// Gives a sequence that samples its seats.
    private mutating func sit(_ id: SequenceID) {
        guard case .transcript(let rules, let sampling, _) = active[id]?.request.purpose else { return }
        let seats = (0..<sampling.beamSize).map { _ in runner.seats.reserve(rules, sampling) }
        active[id]?.seats = seats
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
            case .alignment: break
            case .transcript:
                let noSpeech = logits.withUnsafeBufferPointer { RowProbability.noSpeech(logits: $0, special: special) }
                active[id]?.noSpeechProbability = Double(noSpeech)
            }
        }
    }

    /// Lets the sequences that follow several hypotheses begin with what their prompt's last token offers.
    private mutating func beginBeams(_ ids: [SequenceID]) {
        for id in ids {
            guard case .transcript(_, let sampling, _) = active[id]?.request.purpose, sampling.beamSize > 1,
                let sequence = scheduler[id]
            else { continue }
            let endOfText = special.endOfText
            active[id]?.beginBeams(
                sampling, pages: sequence.pages, length: sequence.length, endOfText: endOfText)
        }
    }

    /// Looks at the tokens of the decode step in flight. Rows of sequences that have ended meanwhile were computed for
    /// nobody.
    private mutating func settleFlight() {
        guard let flight = inFlight else { return }
        inFlight = nil
        let start = clock.now
        do {
            try runner.decode.settle(flight.launched)
        } catch {
            return fail(flight.ids, error)
        }
        let flightSeconds = flight.seconds + seconds(since: start)
        // Before the callers go on, who may read what was counted at once.
        metrics.late(rows: zip(flight.ids, flight.counts).reduce(0) { $0 + (active[$1.0] == nil ? $1.1 : 0) })
        metrics.decodeStep(seconds: flightSeconds, rows: flight.counts.reduce(0, +))
        settle(flight, seconds: flightSeconds, in: runner.decode) { $0.decodeSeconds += $1 }
    }

    /// Takes in the choices of a step, books its time and lets go of the sequences that have their answer.
    ///
    /// - Parameter book: is given a sequence's share of the step's seconds.
    private mutating func settle(
        _ flight: Flight, seconds: Double, in plane: DecoderPlane, book: (inout WindowTimes, Double) -> Void
    ) {
        let alive = flight.ids.count { active[$0] != nil }
        let share = seconds / Double(max(1, alive))
        var row = 0
        for (id, count) in zip(flight.ids, flight.counts) {
            defer { row += count }
            guard var sequence = active.removeValue(forKey: id) else { continue }
            let tokens = sequence.times.tokens
            if sequence.beams == nil {
                sequence.take(plane.choice(row: row, of: flight.launched), endOfText: special.endOfText)
            } else {
                let candidates = (row..<row + count).map { plane.candidates(row: $0, of: flight.launched) }
                part(&sequence, id: id, candidates: candidates)
            }
            book(&sequence.times, share)
            metrics.sampled(tokens: sequence.times.tokens - tokens)
            let result = sequence.result
            active[id] = sequence
            if let result { finish(id, with: result) }
        }
    }

    /// Chooses a sequence's next hypotheses, and tells the device which tokens each stands for and where its pages are.
    private func part(_ sequence: inout ActiveSequence, id: SequenceID, candidates: [[BeamSearch.Candidate]]) {
        guard case .transcript(_, let sampling, _) = sequence.request.purpose else { return }
        runner.copyPages.run(sequence.take(candidates, length: scheduler[id]?.length ?? 0))
        guard sequence.answer == nil, let beams = sequence.beams?.search.beams else { return }
        for (beam, seat) in zip(beams, sequence.seats) {
            runner.seats.set(
                beam.tokens, timestampBegin: special.timestampBegin, needsHistory: sampling.needsHistory, at: seat)
        }
    }

    private mutating func fail(_ ids: [SequenceID], _ error: DeviceError) {
        guard error.code == .lost else {
            for id in ids { finish(id, with: .failure(EngineError(.device, error.message, cause: error))) }
            return
        }
        // Nothing else would come of the others.
        let loss = EngineError(.device, "the device is lost: \(error.message)", cause: error)
        self.loss = loss
        for id in active.keys.sorted() { finish(id, with: .failure(loss)) }
    }

    private mutating func finish(_ id: SequenceID, with result: Result<WindowOutcome, EngineError>) {
        guard let sequence = active.removeValue(forKey: id) else { return }
        scheduler.finish(id)
        for seat in sequence.seats { runner.seats.release(seat) }
        metrics.finished(EngineMetrics.WindowEnd(result))
        // Before the caller goes on: what it then looks at is up to date.
        tellCaches()
        sequence.completion(result)
    }

    private mutating func tellCaches() {
        let counts = scheduler.cacheCounts
        metrics.caches(cacheCounts, counts)
        cacheCounts = counts
        tellWaiting()
    }

    private mutating func tellWaiting() {
        guard scheduler.waitingCount != waitingCount else { return }
        entrance.count(scheduler.waitingCount - waitingCount)
        waitingCount = scheduler.waitingCount
        metrics.waiting(windows: waitingCount)
    }

    /// Tells how long a sequence has waited, the first time something is done for it.
    private mutating func tellBeginning(of id: SequenceID, at time: ContinuousClock.Instant) {
        guard let submitted = active[id]?.submitted else { return }
        active[id]?.submitted = nil
        metrics.began(afterWaiting: (time - submitted) / .seconds(1))
    }

    private func seconds(since start: ContinuousClock.Instant) -> Double {
        (clock.now - start) / .seconds(1)
    }
}

/// Windows that the device was told to encode and has not been seen to be done with: those of a flight together.
private struct EncodingFlights {
    struct Flight {
        let ids: [SequenceID]
        let mark: StreamMark
        let start: ContinuousClock.Instant
    }

    /// One flight is encoded while the next waits behind it.
    private static let most = 2

    private var flights: [Flight] = []
    private var marks: [StreamMark] = []

    var isEmpty: Bool { flights.isEmpty }
    var hasRoom: Bool { flights.count < Self.most }

    mutating func makeMark(_ make: () throws(DeviceError) -> StreamMark) throws(DeviceError) -> StreamMark {
        if let mark = marks.popLast() { return mark }
        return try make()
    }

    mutating func append(_ ids: [SequenceID], mark: StreamMark, start: ContinuousClock.Instant) {
        flights.append(Flight(ids: ids, mark: mark, start: start))
    }

    mutating func popReached() -> Flight? {
        guard let first = flights.first, first.mark.isReached else { return nil }
        marks.append(first.mark)
        return flights.removeFirst()
    }

    func waitForFirst() { flights.first?.mark.wait() }
}

/// A step that was launched, and whose choices have not been looked at.
private struct Flight {
    let ids: [SequenceID]
    /// Rows of each.
    let counts: [Int]
    let launched: DecoderPlane.Launched
    /// What launching took.
    let seconds: Double
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

    static func + (left: EngineHoldings, right: EngineHoldings) -> EngineHoldings {
        EngineHoldings(
            sequences: left.sequences + right.sequences, pages: left.pages + right.pages,
            blocks: left.blocks + right.blocks, seats: left.seats + right.seats)
    }
}
