import StapesEngine
import StapesTesting

/// Plays the engine against a scheduler: encodes, prefills, decodes, finishes, fails and aborts at random, and checks
/// after every step what must always hold.
struct SchedulerDriver {
    private(set) var scheduler: Scheduler
    private(set) var encodings = 0
    private(set) var finished = 0
    private(set) var abortedIn: Set<ScheduledSequence.State> = []
    private var generator: SeededGenerator
    /// Chance of an abort after a step, and of an encoding that fails.
    private let trouble: Double
    private var live: [SequenceID: SequenceDemand] = [:]
    private var sampled: [SequenceID: Int] = [:]
    /// In the order of their arrival.
    private var waiting: [SequenceID] = []
    private var steps = 0
    /// What each block of the cross arena holds.
    private var contents: [Int32: WindowKey] = [:]
    /// What should never have been so; the first few. (An expectation of its own for each of some million checks would
    /// take minutes.)
    private(set) var violations: [String] = []

    init(limits: SchedulerLimits, seed: UInt64, trouble: Double) {
        scheduler = Scheduler(limits: limits)
        generator = SeededGenerator(seed: seed)
        self.trouble = trouble
    }

    var isIdle: Bool { live.isEmpty }

    private mutating func check(_ holds: Bool, _ what: @autoclosure () -> String = "", line: Int = #line) {
        if !holds, violations.count < 10 { violations.append("line \(line): \(what())") }
    }

    /// Submits random demands; those that could never be served are refused and forgotten.
    mutating func submit(_ numbers: Range<Int>, windows: Int) {
        let limits = scheduler.limits
        for number in numbers {
            let prompt = Int.random(in: 1...min(limits.textContext, limits.prefillTokens), using: &generator)
            let steps = Int.random(in: 1...min(60, limits.textContext + 1 - prompt), using: &generator)
            let demand = SequenceDemand.test(
                prompt: prompt, steps: steps, window: Int.random(in: 0..<windows, using: &generator),
                encoderLength: 1 + number % 3)
            let id = SequenceID(number)
            let needed = (prompt + steps - 1 + 15) / 16
            let code = StapesEngineTests.code { () throws(EngineError) in try scheduler.submit(id, demand) }
            check(code == (needed < limits.selfPages ? nil : .invalidRequest))
            guard code == nil else { continue }
            live[id] = demand
            waiting.append(id)
        }
    }

    mutating func step() {
        let epoch = scheduler.epoch
        let step = scheduler.schedule()
        check(scheduler.epoch == epoch && (!step.isEmpty || isIdle), "there is always something to do")
        checkAdmissions()
        checkHoldings()
        decode(step.decode)
        prefill(step.prefill)
        if let encoding = step.encode { encode(encoding) }
        if chance(trouble), let id = randomLive() {
            if let state = scheduler[id]?.state { abortedIn.insert(state) }
            end(id)
        }
    }

    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &generator) < probability
    }

    private mutating func decode(_ ids: [SequenceID]) {
        for id in ids {
            expectWindow(of: id)
            let length = scheduler[id]?.length ?? .max
            check(length / 16 < scheduler[id]?.pages.count ?? 0, "the token has a place")
            check(length < scheduler.limits.textContext)
            expectEpoch(changes: 0) { $0.didDecode(id) }
            sampled[id, default: 0] += 1
            endIfDone(id)
        }
    }

    private mutating func prefill(_ ids: [SequenceID]) {
        check(ids.reduce(0) { $0 + (live[$1]?.promptCount ?? 0) } <= scheduler.limits.prefillTokens)
        for id in ids {
            expectWindow(of: id)
            check(sampled[id] == nil, "a prompt runs once")
            expectEpoch(changes: 1) { $0.didPrefill(id) }
            sampled[id] = 1
            endIfDone(id)
        }
    }

    private mutating func encode(_ encoding: Step.Encoding) {
        guard let demand = live[encoding.id] else {
            check(false, "a finished sequence is to be encoded")
            return
        }
        check(scheduler[encoding.id]?.block == encoding.block && encoding.block != 0)
        if chance(trouble / 2) {
            abortedIn.insert(.encoding)
            end(encoding.id)
            return
        }
        for (id, other) in live where id != encoding.id && scheduler[id]?.block == encoding.block {
            check(scheduler[id]?.state == .encoding, "a window is written once")
            check(other.key == demand.key)
        }
        contents[encoding.block] = demand.key
        encodings += 1
        expectEpoch(changes: 0) { $0.didEncode(encoding.id) }
    }

    private mutating func endIfDone(_ id: SequenceID) {
        // The end of the text comes at random, or with the last step.
        if sampled[id] == live[id]?.stepLimit || chance(0.05) {
            finished += 1
            end(id)
        }
    }

    private mutating func end(_ id: SequenceID) {
        let leaves = scheduler[id]?.state == .decoding
        live[id] = nil
        sampled[id] = nil
        if scheduler[id]?.state == .waiting { waiting.removeAll { $0 == id } }
        expectEpoch(changes: leaves ? 1 : 0) { $0.finish(id) }
    }

    private mutating func expectEpoch(changes: Int, _ body: (inout Scheduler) -> Void) {
        let before = scheduler.epoch
        body(&scheduler)
        check((scheduler.epoch != before) == (changes > 0))
    }

    private mutating func expectWindow(of id: SequenceID) {
        guard let block = scheduler[id]?.block, let key = live[id]?.key else {
            check(false, "a step names \(id), which holds no block")
            return
        }
        check(contents[block] == key, "a sequence reads its own window")
    }

    private mutating func checkAdmissions() {
        while let first = waiting.first, scheduler[first]?.state != .waiting { waiting.removeFirst() }
        // Whoever waits has nothing, and so has everyone behind. All of them are looked at now and then.
        steps += 1
        for id in steps % 16 == 0 ? waiting[...] : waiting.prefix(3) {
            check(scheduler[id]?.state == .waiting, "first come, first served")
            check(scheduler[id]?.pages == [] && scheduler[id]?.block == nil, "admission is all or nothing")
        }
    }

    private mutating func randomLive() -> SequenceID? {
        // Those that are admitted half of the time, or hardly one of a long burst would be met in another state.
        let admitted = live.keys.filter { scheduler[$0]?.state != .waiting }.sorted()
        if Bool.random(using: &generator), let id = admitted.randomElement(using: &generator) { return id }
        return waiting.randomElement(using: &generator)
    }

    private mutating func checkHoldings() {
        var pages: Set<Int32> = [0]
        var blocks: Set<Int32> = []
        var count = 0
        for (id, demand) in live where scheduler[id]?.state != .waiting {
            guard let sequence = scheduler[id], let block = sequence.block else {
                check(false, "admitted without a block")
                continue
            }
            check(sequence.pages.count == (demand.promptCount + demand.stepLimit - 1 + 15) / 16)
            for page in sequence.pages { check(pages.insert(page).inserted, "a page has two owners") }
            blocks.insert(block)
            count += 1
        }
        check(!blocks.contains(0) && count <= scheduler.limits.rows)
        check(scheduler.pages.usedCount == pages.count - 1 && scheduler.blocks.usedCount == blocks.count)
    }
}
