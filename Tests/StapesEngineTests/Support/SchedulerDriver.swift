import StapesEngine
import StapesTesting

/// Plays the engine against a scheduler: encodes, prefills, decodes, finishes, fails and aborts at random, and checks
/// after every step what must always hold.
struct SchedulerDriver {
    private(set) var scheduler: Scheduler
    private(set) var encodings = 0
    private(set) var finished = 0
    /// Pages of prompts that were found and not run again.
    private(set) var reusedPages = 0
    private(set) var abortedIn: Set<ScheduledSequence.State> = []
    private var generator: SeededGenerator
    /// Chance of an abort after a step, of an encoding that fails, and of a prompt that fails.
    private let trouble: Double
    /// Whether a step is launched before the tokens of the step before have been looked at.
    private let looksAhead: Bool
    private var live: [SequenceID: Live] = [:]
    /// In the order of their arrival.
    private var waiting: [SequenceID] = []
    private var admitted: [SequenceID] = []
    /// Sequences that are at their end, as soon as their last token is looked at.
    private var ended: [SequenceID] = []
    private var steps = 0
    /// What each block of the cross arena holds.
    private var windows: [Int32: WindowKey] = [:]
    /// What each page of the self arena holds, where that is a full page of a prompt.
    private var prompts: [Int32: PageContent] = [:]
    private var contentNumbers: [FullPage: PageContent] = [:]
    /// How many sequences read each page, as of the last step's admissions.
    private var readers: [Int32: Int] = [:]
    /// What prompts begin with.
    private let texts: [[Int]]
    /// What should never have been so; the first few. (An expectation of its own for each of some million checks would
    /// take minutes.)
    private(set) var violations: [String] = []

    /// The tokens of a window up to a page's end: what its keys and values depend on.
    private struct FullPage: Hashable {
        let window: WindowKey
        let tokens: ArraySlice<Int>
    }

    /// A number for each `FullPage` that came up: quick to compare.
    private typealias PageContent = Int

    private struct Live {
        let demand: SequenceDemand
        /// What every full page of its prompt holds once it has run.
        let contents: [PageContent]
        var sampled: Int?
    }

    init(limits: SchedulerLimits, seed: UInt64, trouble: Double, looksAhead: Bool = false) {
        scheduler = Scheduler(limits: limits)
        generator = SeededGenerator(seed: seed)
        func text(_ number: Int) -> [Int] { (0..<limits.textContext).map { 1000 * number + $0 } }
        // The third begins like the second; the fourth goes on like the first, after another first page.
        texts = [
            text(0), text(1), Array(text(1).prefix(64) + text(2).dropFirst(64)),
            Array(text(3).prefix(16) + text(0).dropFirst(16)),
        ]
        self.trouble = trouble
        self.looksAhead = looksAhead
    }

    var isIdle: Bool { live.isEmpty }

    private mutating func check(_ holds: Bool, _ what: @autoclosure () -> String = "", line: Int = #line) {
        if !holds, violations.count < 10 { violations.append("line \(line): \(what())") }
    }

    /// Submits random demands; those that could never be served are refused and forgotten.
    ///
    /// - Parameter jobs: among which they are dealt out.
    mutating func submit(_ numbers: Range<Int>, windows: Int, jobs: Int = 1) {
        let limits = scheduler.limits
        for number in numbers {
            let prompt = Int.random(in: 1...min(limits.textContext, limits.prefillTokens), using: &generator)
            let steps = Int.random(in: 1...min(60, limits.textContext + 1 - prompt), using: &generator)
            let sequence = makeSequence(
                prompt: prompt, steps: steps, window: Int.random(in: 0..<windows, using: &generator),
                encoderLength: 1 + number % 3, job: Job(number: number % jobs, priority: number % jobs % 3))
            let id = SequenceID(number)
            let needed = (prompt + steps - 1 + 15) / 16
            let code = StapesEngineTests.code { () throws(EngineError) in try scheduler.submit(id, sequence.demand) }
            check(code == (needed < limits.selfPages ? nil : .invalidRequest))
            guard code == nil else { continue }
            live[id] = sequence
            waiting.append(id)
        }
    }

    /// A prompt that begins like many others and goes on in its own way.
    private mutating func makeSequence(
        prompt: Int, steps: Int, window: Int, encoderLength: Int, job: Job
    ) -> Live {
        let text = texts[Int.random(in: 0..<texts.count, using: &generator)]
        let common = Int.random(in: 0...prompt, using: &generator)
        let tokens = text[..<common] + (common..<prompt).map { 100_000 + $0 + 1000 * Int(generator.next() % 1000) }
        let shareable = Int.random(in: 0..<prompt, using: &generator)
        let demand = SequenceDemand.test(
            tokens: Array(tokens), shareable: shareable, steps: steps, window: window, encoderLength: encoderLength,
            job: job)
        let contents = stride(from: 16, through: prompt, by: 16).map { end in
            let page = FullPage(window: demand.key, tokens: tokens[..<end])
            let number = contentNumbers[page] ?? contentNumbers.count
            contentNumbers[page] = number
            return number
        }
        return Live(demand: demand, contents: contents)
    }

    mutating func step() {
        let epoch = scheduler.epoch
        let step = scheduler.schedule()
        check(
            scheduler.epoch == epoch && (!step.isEmpty || isIdle || !ended.isEmpty), "there is always something to do")
        checkAdmissions()
        checkHoldings()
        let late = ended
        ended = []
        decode(step.decode, late: Set(late))
        for id in late where live[id] != nil { end(id) }
        prefill(step.prefill)
        for encoding in step.encode { encode(encoding) }
        if chance(trouble), let id = randomLive() { abort(id) }
        check(
            scheduler.cacheCounts.idleBytes <= scheduler.limits.cacheBytes, "what nobody uses fits the budget")
    }

    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &generator) < probability
    }

    private mutating func decode(_ ids: [SequenceID], late: Set<SequenceID>) {
        for id in ids {
            guard let demand = live[id]?.demand, let before = scheduler[id] else {
                check(false, "a finished sequence is to be decoded")
                continue
            }
            expectWindow(of: id)
            expectPrompt(of: id)
            check(before.length / 16 < before.pages.count, "the token has a place")
            check(before.length < scheduler.limits.textContext)
            check(before.sampled < demand.stepLimit && before.state == .decoding, "a token more may be sampled")
            if before.length / 16 < before.pages.count { write(before.pages[before.length / 16], nil) }
            let isLast = before.sampled + 1 == demand.stepLimit
            expectEpoch(changes: isLast ? 1 : 0) { $0.didDecode(id) }
            check(scheduler[id]?.state == (isLast ? .ending : .decoding), "the last token ends a sequence")
            live[id]?.sampled = before.sampled + 1
            if !late.contains(id) { endIfDone(id) }
        }
    }

    private mutating func prefill(_ ids: [SequenceID]) {
        let tokens = ids.reduce(0) { $0 + (live[$1]?.demand.promptCount ?? 0) - (scheduler[$1]?.length ?? 0) }
        check(tokens <= scheduler.limits.prefillTokens, "prompts fit a step")
        for id in ids {
            guard let sequence = live[id], let before = scheduler[id] else {
                check(false, "the prompt of a finished sequence is to be run")
                continue
            }
            expectWindow(of: id)
            check(sequence.sampled == nil, "a prompt runs once")
            check(before.length % 16 == 0 && before.length < sequence.demand.promptCount, "a prompt's last token runs")
            expectPrompt(of: id)
            reusedPages += before.length / 16
            let fails = chance(trouble / 4)
            for (index, page) in before.pages.enumerated().dropFirst(before.length / 16) {
                let isWritten = index < sequence.contents.count && !(fails && Bool.random(using: &generator))
                write(page, isWritten ? sequence.contents[index] : nil)
            }
            guard !fails else {
                abort(id)
                continue
            }
            expectEpoch(changes: sequence.demand.stepLimit > 1 ? 1 : 0) { $0.didPrefill(id) }
            check(scheduler[id]?.state == (sequence.demand.stepLimit > 1 ? .decoding : .ending))
            check(scheduler[id]?.length == sequence.demand.promptCount)
            live[id]?.sampled = 1
            endIfDone(id)
        }
    }

    private mutating func encode(_ encoding: Step.Encoding) {
        guard let demand = live[encoding.id]?.demand else {
            check(false, "a finished sequence is to be encoded")
            return
        }
        check(scheduler[encoding.id]?.block == encoding.block && encoding.block != 0)
        if chance(trouble / 2) {
            abort(encoding.id)
            return
        }
        for id in admitted where id != encoding.id && scheduler[id]?.block == encoding.block {
            check(scheduler[id]?.state == .encoding, "a window is written once")
            check(live[id]?.demand.key == demand.key)
        }
        windows[encoding.block] = demand.key
        encodings += 1
        expectEpoch(changes: 0) { $0.didEncode(encoding.id) }
    }

    private mutating func endIfDone(_ id: SequenceID) {
        // The end of the text comes at random, or with the last step.
        guard live[id]?.sampled == live[id]?.demand.stepLimit || chance(0.05) else { return }
        finished += 1
        if looksAhead { ended.append(id) } else { end(id) }
    }

    private mutating func abort(_ id: SequenceID) {
        if let state = scheduler[id]?.state { abortedIn.insert(state) }
        end(id)
    }

    private mutating func end(_ id: SequenceID) {
        let leaves = scheduler[id]?.state == .decoding
        live[id] = nil
        ended.removeAll { $0 == id }
        admitted.removeAll { $0 == id }
        if scheduler[id]?.state == .waiting { waiting.removeAll { $0 == id } }
        expectEpoch(changes: leaves ? 1 : 0) { $0.finish(id) }
    }

    private mutating func expectEpoch(changes: Int, _ body: (inout Scheduler) -> Void) {
        let before = scheduler.epoch
        body(&scheduler)
        check((scheduler.epoch != before) == (changes > 0), "the epoch changes with the decoding rows and only then")
    }

    private mutating func expectWindow(of id: SequenceID) {
        guard let block = scheduler[id]?.block, let key = live[id]?.demand.key else {
            check(false, "a step names \(id), which holds no block")
            return
        }
        check(windows[block] == key, "a sequence reads its own window")
    }

    /// Every page that is read whole holds what the sequence has in its place.
    private mutating func expectPrompt(of id: SequenceID) {
        guard let sequence = scheduler[id], let contents = live[id]?.contents else { return }
        for (index, page) in sequence.pages.enumerated() where index < contents.count && 16 * index < sequence.length {
            check(prompts[page] == contents[index], "a sequence reads its own prompt")
        }
    }

    private mutating func write(_ page: Int32, _ content: PageContent?) {
        check(page != 0 && readers[page] == 1, "a page that another sequence reads is written")
        prompts[page] = content
    }

    private mutating func checkAdmissions() {
        let before = waiting.count
        waiting.removeAll { id in
            guard scheduler[id]?.state != .waiting else { return false }
            admitted.append(id)
            return true
        }
        check(before - waiting.count <= scheduler.limits.rows && waiting.count == scheduler.waitingCount)
        // Whoever waits has nothing. All of them are looked at now and then.
        steps += 1
        for id in steps % 16 == 0 ? waiting[...] : waiting.prefix(3) {
            check(scheduler[id]?.pages == [] && scheduler[id]?.block == nil, "admission is all or nothing")
        }
    }

    private mutating func randomLive() -> SequenceID? {
        // Those that are admitted half of the time, or hardly one of a long burst would be met in another state.
        if Bool.random(using: &generator), let id = admitted.randomElement(using: &generator) { return id }
        return waiting.randomElement(using: &generator)
    }

    private mutating func checkHoldings() {
        // Where each page in use stands, and what is or will be in it: a page that is not a full one of a prompt is
        // its owner's alone.
        var pages: [Int32: (index: Int, content: PageContent?)] = [:]
        var blocks: Set<Int32> = []
        var count = 0
        readers = [:]
        for id in admitted {
            guard let sequence = live[id], let scheduled = scheduler[id], let block = scheduled.block else {
                check(false, "admitted without a block")
                continue
            }
            let demand = sequence.demand
            check(scheduled.pages.count == (demand.promptCount + demand.stepLimit - 1 + 15) / 16)
            check(Set(scheduled.pages).count == scheduled.pages.count && !scheduled.pages.contains(0))
            for (index, page) in scheduled.pages.enumerated() {
                readers[page, default: 0] += 1
                let content = index < demand.prefix.count ? sequence.contents[index] : nil
                guard let other = pages.updateValue((index, content), forKey: page) else { continue }
                check(other.index == index && content != nil && other.content == content, "a page has two owners")
            }
            blocks.insert(block)
            count += 1
        }
        check(!blocks.contains(0) && count <= scheduler.limits.rows)
        check(scheduler.pages.usedCount == pages.count && scheduler.blocks.usedCount == blocks.count)
    }
}
