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
    private(set) var counters = StepCounters()
    /// Sequences that may wait for admission.
    private let waitingLimit: Int

    init(_ configuration: EngineConfiguration, checkpoint: Checkpoint) throws {
        let limits = SchedulerLimits(configuration, model: checkpoint.configuration)
        runner = try ModelRunner(configuration, checkpoint: checkpoint, limits: limits)
        scheduler = Scheduler(limits: limits)
        special = configuration.special
        counters.capturedBytes = runner.capturedBytes
        waitingLimit = configuration.mailboxCapacity
    }

    var isIdle: Bool { scheduler.isIdle }

    /// What is held at this moment; all zero when nothing runs.
    var holdings: EngineHoldings {
        EngineHoldings(
            sequences: active.count, pages: scheduler.pages.usedCount, blocks: scheduler.blocks.usedCount,
            suppressLists: runner.lists.usedCount)
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
            let route = try runner.encode.run(
                request.features, positions: request.positions, block: encoding.block)
            let duration = seconds(since: start)
            counters.count(route, plane: .encoder, live: 1, plans: 0)
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
        for id in ids { beginSampling(id) }
        do {
            let start = clock.now
            let entries = zip(ids, requests).map { id, request in
                DecoderPlane.Entry(
                    row: row(of: id, tokens: request.prompt.count, context: 0), tokens: request.prompt,
                    logitTokens: [request.prompt.count - 1, request.startIndex], rules: rules(of: id))
            }
            let (logits, route) = try runner.prefill.run(entries, epoch: prefillEpoch)
            counters.count(route, plane: .prefill, live: ids.count, plans: runner.prefill.indices.crossPlans)
            readStarts(ids, logits: logits)
            take(runner.prefill.fetch(rows: ids.count), for: ids)
            let share = seconds(since: start) / Double(ids.count)
            settle(ids) { $0.times.prefillSeconds += share }
        } catch {
            fail(ids, error)
        }
    }

    private mutating func decode(_ ids: [SequenceID]) {
        guard !ids.isEmpty else { return }
        do {
            let start = clock.now
            let entries = ids.map { id in
                DecoderPlane.Entry(
                    row: row(of: id, tokens: 1, context: scheduler[id]?.length ?? 0),
                    tokens: active[id]?.sampled.suffix(1) ?? [], logitTokens: [0], rules: rules(of: id))
            }
            let (_, route) = try runner.decode.run(entries, epoch: scheduler.epoch)
            counters.count(route, plane: .decode, live: ids.count, plans: runner.decode.indices.crossPlans)
            for id in ids { scheduler.didDecode(id) }
            take(runner.decode.fetch(rows: ids.count), for: ids)
            let duration = seconds(since: start)
            counters.decodeStep(seconds: duration)
            settle(ids) { $0.times.decodeSeconds += duration / Double(ids.count) }
        } catch {
            fail(ids, error)
        }
    }

    /// What the rules say of the next token of a sequence; nothing for one that does not sample.
    private func rules(of id: SequenceID) -> RowRules {
        guard let sequence = active[id], case .transcript(let rules, _) = sequence.request.purpose else {
            return .neutral
        }
        return RowRules(mask: rules.mask(sampled: sequence.sampled), list: sequence.suppressList)
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

    /// Puts the suppress list of a sequence that samples on the device.
    private mutating func beginSampling(_ id: SequenceID) {
        guard case .transcript(let rules, _) = active[id]?.request.purpose else { return }
        let list = runner.lists.reserve(rules.suppressList)
        active[id]?.suppressList = list
    }

    /// Reads what is read once a window, where its transcript starts.
    private mutating func readStarts(_ ids: [SequenceID], logits: MatrixView) {
        for (row, id) in ids.enumerated() {
            guard let purpose = active[id]?.request.purpose else { continue }
            scheduler.didPrefill(id)
            let start = logits.row(2 * row + 1)
            switch purpose {
            case .languages:
                let probabilities = RowProbability.languages(logits: start, special: special)
                active[id]?.answer = .languages(probabilities)
            case .transcript:
                let noSpeech = RowProbability.noSpeech(logits: start, special: special)
                active[id]?.noSpeechProbability = Double(noSpeech)
            }
        }
    }

    private mutating func take(_ choices: [Choice], for ids: [SequenceID]) {
        let endOfText = special.endOfText
        for (id, choice) in zip(ids, choices) { active[id]?.take(choice, endOfText: endOfText) }
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
        if let list = sequence.suppressList { runner.lists.release(list) }
        sequence.completion(result)
    }

    private func seconds(since start: ContinuousClock.Instant) -> Double {
        (clock.now - start) / .seconds(1)
    }
}

/// What an engine holds at one moment; all zero when nothing runs.
package struct EngineHoldings: Sendable, Hashable {
    package let sequences: Int
    package let pages: Int
    package let blocks: Int
    package let suppressLists: Int

    package init(sequences: Int = 0, pages: Int = 0, blocks: Int = 0, suppressLists: Int = 0) {
        self.sequences = sequences
        self.pages = pages
        self.blocks = blocks
        self.suppressLists = suppressLists
    }
}
