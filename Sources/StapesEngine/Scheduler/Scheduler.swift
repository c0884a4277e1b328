/// Decides what the next step does. Integers and queues only: it knows no tensor, no text and no clock.
///
/// A sequence is one window of one request on its way through the engine:
/// waiting -> admitted (it has its block and pages) -> encoded -> prefilled -> decoding -> ending -> finished.
/// Admission is all or nothing, first come first served. The pages for the longest outcome are set aside at admission,
/// so that a sequence that has begun can always end; a page nobody has written takes no memory.
package struct Scheduler: Sendable {
    package let limits: SchedulerLimits
    package private(set) var pages: PageAllocator
    package private(set) var blocks: CrossBlockTable
    /// Changes whenever a row joins or leaves the decoding rows.
    package private(set) var epoch = 0

    private var waiting: [SequenceID] = []
    private var encodings: [SequenceID] = []
    private var prefills: [SequenceID] = []
    private var decodes: [SequenceID] = []
    private var sequences: [SequenceID: ScheduledSequence] = [:]
    /// Rows that the admitted sequences may take in a step.
    private var activeRows = 0
    /// Counts releases: the time by which the caches know what was used least recently.
    private var releases = 0

    package init(limits: SchedulerLimits) {
        self.limits = limits
        pages = PageAllocator(pageCount: limits.selfPages)
        blocks = CrossBlockTable(blockCount: limits.crossBlocks)
    }

    package var isIdle: Bool { sequences.isEmpty }

    /// Sequences that are not admitted yet.
    package var waitingCount: Int { waiting.count }

    package subscript(id: SequenceID) -> ScheduledSequence? { sequences[id] }

    /// Takes in a sequence.
    ///
    /// - Throws: `invalidRequest` for one that could never be admitted.
    package mutating func submit(_ id: SequenceID, _ demand: SequenceDemand) throws(EngineError) {
        try limits.check(demand)
        precondition(sequences[id] == nil, "a sequence is submitted once")
        sequences[id] = ScheduledSequence(demand: demand)
        waiting.append(id)
    }

    /// What to do next: at most one window to encode, the prompts that fit, and a token for every decoding row.
    package mutating func schedule() -> Step {
        admit()
        var step = Step()
        if let id = encodings.first, let block = sequences[id]?.block {
            step.encode = Step.Encoding(id: id, block: block)
        }
        step.decode = decodes
        step.prefill = nextPrefills()
        return step
    }

    /// The window of `id` is in its block: everyone who shares the block can go on.
    package mutating func didEncode(_ id: SequenceID) {
        guard let block = sequences[id]?.block else { return }
        encodings.removeAll { $0 == id }
        blocks.markWritten(block)
        for waiter in sequences.filter({ $0.value.state == .encoding && $0.value.block == block }).keys.sorted() {
            sequences[waiter]?.state = .encoded
            prefills.append(waiter)
        }
    }

    /// The prompt of `id` is in the self arena, and its first token is chosen.
    package mutating func didPrefill(_ id: SequenceID) {
        guard let sequence = sequences[id] else { return }
        prefills.removeAll { $0 == id }
        for (page, key) in zip(sequence.pages, sequence.demand.prefix) { pages.publish(page, as: key) }
        sequences[id]?.length = sequence.demand.promptCount
        sequences[id]?.sampled = 1
        guard sequence.demand.stepLimit > 1 else {
            sequences[id]?.state = .ending
            return
        }
        sequences[id]?.state = .decoding
        decodes.append(id)
        epoch += 1
    }

    /// One more token of `id` is in the self arena, and its next one is chosen.
    ///
    /// The host need not have seen it: a sequence leaves the decoding rows with the last token it may have.
    package mutating func didDecode(_ id: SequenceID) {
        guard let sequence = sequences[id] else { return }
        sequences[id]?.length = sequence.length + 1
        sequences[id]?.sampled = sequence.sampled + 1
        guard sequence.sampled + 1 >= sequence.demand.stepLimit else { return }
        sequences[id]?.state = .ending
        decodes.removeAll { $0 == id }
        epoch += 1
    }

    /// Lets go of all that `id` holds, in whatever state it is.
    package mutating func finish(_ id: SequenceID) {
        guard let sequence = sequences.removeValue(forKey: id) else { return }
        waiting.removeAll { $0 == id }
        encodings.removeAll { $0 == id }
        prefills.removeAll { $0 == id }
        if sequence.state == .decoding {
            decodes.removeAll { $0 == id }
            epoch += 1
        }
        releases += 1
        pages.release(sequence.pages, time: releases)
        if let block = sequence.block {
            activeRows -= sequence.demand.width
            blocks.release(block, time: releases)
            if sequence.encodes, !blocks.isWritten(block) { handOverEncoding(of: block) }
        }
        trimCaches()
    }

    private var idleBytes: Int { pages.idleCount * limits.pageBytes + blocks.idleCount * limits.blockBytes }

    /// What the caches hold and have been asked.
    package struct CacheCounts: Sendable, Hashable {
        package var windowHits = 0
        package var windowMisses = 0
        package var prefixHits = 0
        package var prefixMisses = 0
        package var idleBytes = 0
        package var usedBlocks = 0
        package var usedPages = 0

        package init() {}
    }

    package var cacheCounts: CacheCounts {
        var counts = CacheCounts()
        counts.windowHits = blocks.hits
        counts.windowMisses = blocks.misses
        counts.prefixHits = pages.hits
        counts.prefixMisses = pages.misses
        counts.idleBytes = idleBytes
        counts.usedBlocks = blocks.usedCount
        counts.usedPages = pages.usedCount
        return counts
    }

    /// Forgets what nobody has used for longest until the rest fits the budget.
    private mutating func trimCaches() {
        while idleBytes > limits.cacheBytes {
            if (pages.oldestIdleTime ?? .max) < (blocks.oldestIdleTime ?? .max) {
                pages.evictOldest()
            } else {
                blocks.evictOldest()
            }
        }
    }

    /// The one who was to encode a shared window is gone: the next who waits for it takes over.
    private mutating func handOverEncoding(of block: Int32) {
        let heirs = sequences.filter { $0.value.state == .encoding && $0.value.block == block }.keys
        guard let heir = heirs.min() else { return }
        sequences[heir]?.encodes = true
        encodings.append(heir)
    }

    private mutating func admit() {
        while let id = waiting.first, let demand = sequences[id]?.demand {
            guard
                activeRows + demand.width <= limits.rows, blocks.canAcquire(demand.key),
                let own = pages.allocate(limits.pages(for: demand), prefix: demand.prefix)
            else { return }
            guard let lease = blocks.acquire(demand.key) else { preconditionFailure("a block can be had") }
            waiting.removeFirst()
            activeRows += demand.width
            sequences[id]?.pages = own.pages
            sequences[id]?.length = own.reused * KVLayout.tilePositions
            sequences[id]?.block = lease.block
            sequences[id]?.encodes = lease.mustEncode
            if lease.mustEncode {
                encodings.append(id)
                sequences[id]?.state = .encoding
            } else if blocks.isWritten(lease.block) {
                prefills.append(id)
                sequences[id]?.state = .encoded
            } else {
                sequences[id]?.state = .encoding
            }
        }
    }

    private func nextPrefills() -> [SequenceID] {
        var tokens = 0
        var chosen: [SequenceID] = []
        for id in prefills {
            guard let sequence = sequences[id] else { continue }
            let count = sequence.demand.promptCount - sequence.length
            if tokens + count > limits.prefillTokens { break }
            tokens += count
            chosen.append(id)
        }
        return chosen
    }
}
