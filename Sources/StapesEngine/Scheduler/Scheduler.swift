/// Decides what the next step does. Integers and queues only: it knows no tensor, no text and no clock.
///
/// A sequence is one window of one request on its way through the engine:
/// waiting -> admitted (it has its block and pages) -> encoded -> prefilled -> decoding -> ending -> finished.
/// Admission is all or nothing. The pages for the longest outcome are set aside at admission, so that a sequence that has
/// begun can always end; a page nobody has written takes no memory.
///
/// Who is admitted next `FairLine` says, and whoever's turn it is waits at its head until there is room: nobody smaller
/// passes a wide beam. A window that has to be encoded is admitted when the encoder has time for it and not before, so
/// that one who comes later may still be due sooner, and finds rows. Until then windows that are there already may pass:
/// their keys and values would otherwise be given up while they wait, and be encoded twice. How many may pass in a row
/// is bounded.
package struct Scheduler: Sendable {
    package let limits: SchedulerLimits
    package private(set) var pages: PageAllocator
    package private(set) var blocks: CrossBlockTable
    /// Changes whenever a row joins or leaves the decoding rows.
    package private(set) var epoch = 0

    private var waiting = FairLine()
    /// Sequences that have passed whoever's turn it is.
    private var passes = 0
    /// Sequences that are admitted and have to encode their window: as many as are encoded at once, and those who take
    /// over from others.
    private var encodings: [SequenceID] = []
    private var prefills: [SequenceID] = []
    private var decodes: [SequenceID] = []
    private var sequences: [SequenceID: ScheduledSequence] = [:]
    /// Rows that the admitted sequences may take in a step.
    private var activeRows = 0
    /// Whether the device can be given windows to encode in the coming step.
    private var encoderIsFree = true
    /// Decode steps since the last encoding.
    private var stepsSinceEncoding = 0
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
        waiting.append(id, of: demand.job)
    }

    /// What to do next: the windows to encode, the prompts that fit, and a token for every decoding row.
    ///
    /// - Parameter encoderIsFree: whether the device can be given windows to encode.
    package mutating func schedule(encoderIsFree: Bool = true) -> Step {
        self.encoderIsFree = encoderIsFree
        admit()
        var step = Step()
        if encoderHasTime { step.encode = nextEncodings() }
        step.decode = decodes
        if !decodes.isEmpty { stepsSinceEncoding += 1 }
        step.prefill = nextPrefills()
        return step
    }

    /// The window of `id` is being encoded: the encoder has time for another.
    package mutating func willEncode(_ id: SequenceID) {
        encodings.removeAll { $0 == id }
        stepsSinceEncoding = 0
    }

    /// The window of `id` is in its block: everyone who shares the block can go on.
    package mutating func didEncode(_ id: SequenceID) {
        guard let block = sequences[id]?.block else { return }
        if encodings.contains(id) { willEncode(id) }
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
        if sequence.state == .waiting { waiting.remove(id, of: sequence.demand.job) }
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

    /// Whether a window may be encoded in the coming step. Rows that are decoding get some tokens between two.
    private var encoderHasTime: Bool {
        encoderIsFree && (decodes.isEmpty || stepsSinceEncoding + 1 >= limits.encodingInterval)
    }

    /// As many of full length as may be encoded at once, in the order of their admission; or a shorter one whose turn it
    /// is. Nobody waits for others to come.
    private func nextEncodings() -> [Step.Encoding] {
        let admitted = encodings.compactMap { id in
            sequences[id].flatMap { sequence in
                sequence.block.map { (Step.Encoding(id: id, block: $0), sequence.demand.encoderLength) }
            }
        }
        guard let (first, length) = admitted.first else { return [] }
        guard length == limits.audioContext else { return [first] }
        return admitted.filter { $0.1 == length }.prefix(limits.encodingWindows).map(\.0)
    }

    private mutating func admit() {
        while !waiting.isEmpty, activeRows < limits.rows, let id = nextToAdmit(), admit(id) {}
    }

    /// Whose turn it is, or someone who may pass; nil if all wait for the encoder.
    private mutating func nextToAdmit() -> SequenceID? {
        guard let head = waiting.first else { return nil }
        if isThere(head) || encodings.count < limits.encodingWindows && encoderHasTime { return head }
        guard passes < Self.mostPasses, let other = waiting.first(where: isThere) else { return nil }
        return sequences[other]?.demand.job.priority == sequences[head]?.demand.job.priority ? other : nil
    }

    /// Sequences that may pass one that waits for the encoder: all samples of a window, and a few such windows.
    private static let mostPasses = 16

    /// Whether the window of `id` is in a block, or will be without its doing.
    private func isThere(_ id: SequenceID) -> Bool { sequences[id].map { blocks.holds($0.demand.key) } ?? false }

    /// - Returns: false if there is no room for it.
    private mutating func admit(_ id: SequenceID) -> Bool {
        guard
            let demand = sequences[id]?.demand, activeRows + demand.width <= limits.rows,
            blocks.canAcquire(demand.key), let own = pages.allocate(limits.pages(for: demand), prefix: demand.prefix)
        else { return false }
        guard let lease = blocks.acquire(demand.key) else { preconditionFailure("a block can be had") }
        passes = waiting.first == id ? 0 : passes + 1
        waiting.begin(id, of: demand.job, cost: lease.mustEncode ? demand.encoderLength : 0)
        activeRows += demand.width
        sequences[id]?.pages = own.pages
        sequences[id]?.length = own.reused * KVLayout.tilePositions
        sequences[id]?.block = lease.block
        sequences[id]?.encodes = lease.mustEncode
        sequences[id]?.state = .encoding
        if lease.mustEncode {
            encodings.append(id)
        } else if blocks.isWritten(lease.block) {
            prefills.append(id)
            sequences[id]?.state = .encoded
        }
        return true
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
