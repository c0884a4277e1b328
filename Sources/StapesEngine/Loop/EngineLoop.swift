import StapesDecoding
import StapesDevice
import StapesModel
import StapesTokenizer

/// The engine's one thread: schedule, run, post-process. It owns the device, the arenas and the scheduler, and knows
/// no file, no text and no network.
struct EngineLoop {
    private let runner: ModelRunner
    private let special: SpecialTokens
    private(set) var scheduler: Scheduler
    private var active: [SequenceID: ActiveSequence] = [:]
    /// Counts prefills down from -1, which no decode's epoch is.
    private var prefillEpoch = -1
    private let clock = ContinuousClock()
    /// Sequences that may wait for admission.
    private let waitingLimit: Int

    init(_ configuration: EngineConfiguration, checkpoint: Checkpoint) throws {
        let limits = SchedulerLimits(configuration, model: checkpoint.configuration)
        runner = try ModelRunner(configuration, checkpoint: checkpoint, limits: limits)
        scheduler = Scheduler(limits: limits)
        special = configuration.special
        waitingLimit = configuration.mailboxCapacity
    }

    var isIdle: Bool { scheduler.isIdle }

    /// What is held at this moment; all zero when nothing runs.
    var holdings: EngineHoldings {
        EngineHoldings(
            sequences: active.count, pages: scheduler.pages.usedCount, blocks: scheduler.blocks.usedCount,
            samplerSlots: runner.sampler.usedSlots)
    }

    mutating func submit(_ id: SequenceID, _ request: WindowRequest, completion: @escaping ActiveSequence.Completion) {
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

    mutating func cancel(_ id: SequenceID) {
        finish(id, with: .failure(EngineError(.cancelled, "the request was cancelled")))
    }

    /// Ends everything, because the engine stops.
    mutating func cancelAll() {
        for id in active.keys.sorted() {
            finish(id, with: .failure(EngineError(.stopped, "the engine has stopped")))
        }
    }

    mutating func step() {
        let step = scheduler.schedule()
        decode(step.decode)
        prefill(step.prefill)
        if let encoding = step.encode { encode(encoding) }
    }

    // MARK: The three planes

    private mutating func encode(_ encoding: Step.Encoding) {
        guard let request = active[encoding.id]?.request else { return }
        do {
            let start = clock.now
            try runner.encode(request, into: encoding.block)
            let duration = seconds(since: start)
            active[encoding.id]?.times.encodeSeconds += duration
            scheduler.didEncode(encoding.id)
        } catch {
            fail([encoding.id], error)
        }
    }

    private mutating func prefill(_ ids: [SequenceID]) {
        let requests = ids.compactMap { active[$0]?.request }
        guard !requests.isEmpty else { return }
        prefillEpoch -= 1
        do {
            let start = clock.now
            let logits = try runner.runPrefill(
                zip(ids, requests).map { row(of: $0, tokens: $1.prompt.count, context: 0) },
                prompts: requests.map(\.prompt), startIndices: requests.map(\.startIndex), epoch: prefillEpoch)
            takePrefill(ids, logits: logits)
            let share = seconds(since: start) / Double(ids.count)
            settle(ids) { $0.times.prefillSeconds += share }
        } catch {
            fail(ids, error)
        }
    }

    private mutating func decode(_ ids: [SequenceID]) {
        let tokens = ids.compactMap { active[$0]?.sampled.last }
        guard !tokens.isEmpty else { return }
        do {
            let start = clock.now
            let logits = try runner.runDecode(
                ids.map { row(of: $0, tokens: 1, context: scheduler[$0]?.length ?? 0) }, tokens: tokens,
                epoch: scheduler.epoch)
            for id in ids { scheduler.didDecode(id) }
            takeTokens(ids, logits: logits)
            let share = seconds(since: start) / Double(ids.count)
            settle(ids) { $0.times.decodeSeconds += share }
        } catch {
            fail(ids, error)
        }
    }

    private func row(of id: SequenceID, tokens: Int, context: Int) -> AttentionRow {
        guard let sequence = scheduler[id], let block = sequence.block else {
            preconditionFailure("a step names admitted sequences only")
        }
        return AttentionRow(
            tokens: tokens, context: context, pages: sequence.pages, block: block,
            encoderLength: sequence.demand.encoderLength)
    }

    // MARK: After a step

    /// Reads what is read once a window, at the start of its transcript, and chooses first tokens.
    private mutating func takePrefill(_ ids: [SequenceID], logits: MatrixView) {
        for (row, id) in ids.enumerated() {
            guard let request = active[id]?.request else { continue }
            scheduler.didPrefill(id)
            let start = logits.row(ids.count + row)
            switch request.purpose {
            case .languages:
                let probabilities = RowProbability.languages(logits: start, special: special)
                active[id]?.answer = .languages(probabilities)
            case .transcript(let rules, _):
                let noSpeech = RowProbability.noSpeech(logits: start, special: special)
                active[id]?.noSpeechProbability = Double(noSpeech)
                let slot = runner.sampler.reserve(rules.suppressList)
                active[id]?.samplerSlot = slot
            }
        }
        takeTokens(ids, logits: logits.rows(0, ids.count))
    }

    /// Chooses a token for each row that samples.
    private mutating func takeTokens(_ ids: [SequenceID], logits: MatrixView) {
        let masks = ids.map { id -> (mask: LogitMask, slot: Int) in
            guard let sequence = active[id], case .transcript(let rules, _) = sequence.request.purpose else {
                return (LogitMask(), 0)
            }
            return (rules.mask(sampled: sequence.sampled), sequence.samplerSlot ?? 0)
        }
        let endOfText = special.endOfText
        for (id, choice) in zip(ids, runner.sampler.select(logits, masks: masks)) {
            active[id]?.take(choice, endOfText: endOfText)
        }
    }

    /// Books the step's time and lets go of the sequences that have their answer.
    private mutating func settle(_ ids: [SequenceID], book: (inout ActiveSequence) -> Void) {
        for id in ids {
            guard var sequence = active[id] else { continue }
            book(&sequence)
            active[id] = sequence
            if let result = sequence.result { finish(id, with: result) }
        }
    }

    private mutating func fail(_ ids: [SequenceID], _ error: DeviceError) {
        for id in ids { finish(id, with: .failure(EngineError(.device, error.message, cause: error))) }
    }

    private mutating func finish(_ id: SequenceID, with result: Result<WindowOutcome, EngineError>) {
        guard let sequence = active.removeValue(forKey: id) else { return }
        scheduler.finish(id)
        if let slot = sequence.samplerSlot { runner.sampler.release(slot) }
        sequence.completion(result)
    }

    private func seconds(since start: ContinuousClock.Instant) -> Double {
        let (seconds, attoseconds) = (clock.now - start).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}

/// What an engine holds at one moment; all zero when nothing runs.
package struct EngineHoldings: Sendable, Hashable {
    package let sequences: Int
    package let pages: Int
    package let blocks: Int
    package let samplerSlots: Int

    package init(sequences: Int = 0, pages: Int = 0, blocks: Int = 0, samplerSlots: Int = 0) {
        self.sequences = sequences
        self.pages = pages
        self.blocks = blocks
        self.samplerSlots = samplerSlots
    }
}
