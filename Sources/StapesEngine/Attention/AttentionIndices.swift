import CKernels
import StapesDevice

/// The index arrays of one kind of step, filled by `plan` and read by the kernels. They are static slots: allocated
/// once, at the largest size, so that captured graphs can name them.
package final class AttentionIndices {
    /// How a step's padding is grouped.
    package enum GroupPadding: Sendable {
        /// A padded row is a group that reads one position of reserved page or block 0: cheap, and the kernel runs.
        case rows
        /// Padded tokens belong to no group and read nothing.
        case none
    }

    private let isDecode: Bool
    private let writeSlots: StaticSlot
    private let selfArrays: KVIndexArrays
    private let crossArrays: KVIndexArrays
    /// What the backend keeps besides.
    private let state: (any AttentionState)?
    private var crossPart: KVPlan?
    private var members: Members?
    /// Of the pages that the self part was bound to.
    private var pagesEpoch: Int?
    /// How often the rows, their pages and the cross part were planned: with joins and leaves, not with steps.
    package private(set) var rebuilds = 0

    /// What a plan is kept for.
    private struct Members: Equatable {
        let epoch: Int
        let tokens: Int
    }

    /// - Parameters:
    ///   - extent: the most of everything in a step.
    ///   - backend: the one that plans with the arrays; nil for one that needs nothing besides.
    package init(
        _ extent: AttentionExtent, for backend: (any AttentionBackend)? = nil, registry: SlotRegistry = SlotRegistry()
    ) throws(DeviceError) {
        let (rows, tokens, pages, audioContext) = (extent.rows, extent.tokens, extent.pages, extent.audioContext)
        let padding = extent.padding
        precondition(audioContext > 0, "a graph captured with an encoder length of 0 would hold no cross-attention")
        isDecode = padding == .rows
        writeSlots = try StaticSlot(
            "self write slot", domain: .token, count: tokens, capture: .value(0), padding: .value(0), in: registry)
        selfArrays = try KVIndexArrays(
            "self", rows: rows, tokens: tokens, pages: pages, capturedLength: 1,
            longest: pages * KVLayout.tilePositions, padding: padding, registry: registry)
        crossArrays = try KVIndexArrays(
            "cross", rows: rows, tokens: tokens, pages: 1, capturedLength: audioContext, longest: audioContext,
            padding: padding, registry: registry)
        state = try backend?.makeState(extent, registry: registry)
    }

    /// Fills the arrays from the host's integers. While the members stay the same, that is the decoder lengths and
    /// where the new tokens go: a sequence has its pages from its admission on, and its window does not change. Beams
    /// alone change pages on the way.
    package func plan(_ batch: AttentionBatch) -> AttentionPlan {
        let tokens = batch.tokenCount
        let members = Members(epoch: batch.epoch, tokens: tokens)
        let membersChanged = crossPart == nil || members != self.members
        state?.bind(batch, membersChanged: membersChanged)
        if membersChanged {
            pagesEpoch = nil
            crossArrays.bind(batch, sharing: isDecode) { [$0.block] }
            crossPart = crossArrays.measure(batch) { row, _ in row.encoderLength }
            self.members = members
            rebuilds += 1
        }
        if pagesEpoch != batch.pagesEpoch {
            selfArrays.bind(batch) { $0.pages }
            pagesEpoch = batch.pagesEpoch
        }
        guard let crossPart else { preconditionFailure("the cross part was planned above") }
        let selfPart = selfArrays.measure(batch) { row, token in row.context + token + 1 }
        fillWriteSlots(batch)
        return AttentionPlan(
            tokens: tokens, slots: writeSlots.pointer, selfPart: selfPart, crossPart: crossPart, isDecode: isDecode,
            state: state)
    }

    /// The plan that a graph of this size is captured with: it names the same arrays, at their full extent, and so
    /// holds for every batch that is padded to the size.
    package func capturePlan(_ size: StepSize) -> AttentionPlan {
        AttentionPlan(
            tokens: size.tokens, slots: writeSlots.pointer, selfPart: selfArrays.whole(groups: size.groups),
            crossPart: crossArrays.whole(groups: size.groups), isDecode: isDecode,
            state: state)
    }

    /// Lets the backend plan what it plans itself, for what stands in the slots. Before they are uploaded, and never while
    /// a graph is recorded.
    func prepare(_ size: StepSize, inGraph: Bool) throws(DeviceError) {
        try state?.prepare(size, inGraph: inGraph)
    }

    private func fillWriteSlots(_ batch: AttentionBatch) {
        let pageTokens = KVLayout.tilePositions
        var at = 0
        for row in batch.rows {
            for position in row.context..<row.context + row.tokens {
                writeSlots[at] = row.pages[position / pageTokens] * Int32(pageTokens) + Int32(position % pageTokens)
                at += 1
            }
        }
    }
}

/// The arrays of one arena's part.
private final class KVIndexArrays {
    private let groupFirsts: StaticSlot
    private let groupCounts: StaticSlot
    private let groupRows: StaticSlot
    private let lengths: StaticSlot
    private let pageTable: StaticSlot
    /// No length is ever larger.
    private let longest: Int
    /// Of the batch that was bound last.
    private var groups = 0

    init(
        _ arena: String, rows: Int, tokens: Int, pages: Int, capturedLength: Int, longest: Int,
        padding: AttentionIndices.GroupPadding, registry: SlotRegistry
    ) throws(DeviceError) {
        self.longest = longest
        let padsRows = padding == .rows
        groupFirsts = try StaticSlot(
            arena + " group first", domain: .group, count: tokens, capture: .index,
            padding: padsRows ? .index : .value(0), in: registry)
        groupCounts = try StaticSlot(
            arena + " group count", domain: .group, count: tokens, capture: .value(1),
            padding: .value(padsRows ? 1 : 0), in: registry)
        groupRows = try StaticSlot(
            arena + " group row", domain: .group, count: tokens, capture: padsRows ? .index : .value(0),
            padding: padsRows ? .index : .value(0), in: registry)
        lengths = try StaticSlot(
            arena + " length", domain: .token, count: tokens, capture: .value(Int32(capturedLength)),
            padding: .value(1), in: registry)
        pageTable = try StaticSlot(
            arena + " page table", domain: .row, count: rows, width: pages, capture: .value(0), padding: .value(0),
            in: registry)
    }

    /// Says which tokens read which pages.
    ///
    /// - Parameter sharing: whether rows of one token each that read the same page and stand side by side, as the beams
    ///   and samples of a window do, read it together.
    func bind(_ batch: AttentionBatch, sharing: Bool = false, pages: (AttentionRow) -> [Int32]) {
        groups = 0
        var token = 0
        var shared: Int32?
        for (index, row) in batch.rows.enumerated() {
            let rowPages = pages(row)
            precondition(rowPages.count <= pageTable.width, "more pages than the page table has room for")
            for (column, page) in rowPages.enumerated() { pageTable[index, column] = page }
            let sharesPages = sharing && row.tokens == 1
            if sharesPages, shared == rowPages[0], groupCounts[groups - 1] < Int32(STAPES_GROUP) {
                groupCounts[groups - 1] += 1
                token += 1
                continue
            }
            shared = sharesPages ? rowPages[0] : nil
            for offset in stride(from: 0, to: row.tokens, by: Int(STAPES_GROUP)) {
                groupFirsts[groups] = Int32(token + offset)
                groupCounts[groups] = Int32(min(Int(STAPES_GROUP), row.tokens - offset))
                groupRows[groups] = Int32(index)
                groups += 1
            }
            token += row.tokens
        }
        // A graph has a group for every row: those that are not needed hold no token.
        for group in groups..<max(groups, sharing ? batch.rows.count : 0) {
            (groupFirsts[group], groupCounts[group], groupRows[group]) = (0, 0, 0)
        }
    }

    /// Says how far each token reads.
    func measure(_ batch: AttentionBatch, length: (AttentionRow, _ token: Int) -> Int) -> KVPlan {
        var token = 0
        var longest = 0
        for row in batch.rows {
            for offset in 0..<row.tokens {
                let positions = length(row, offset)
                precondition(positions > 0 && positions <= self.longest, "a length outside its arena")
                lengths[token] = Int32(positions)
                longest = max(longest, positions)
                token += 1
            }
        }
        return plan(groups: groups, longest: longest)
    }

    func whole(groups: Int) -> KVPlan { plan(groups: groups, longest: longest) }

    private func plan(groups: Int, longest: Int) -> KVPlan {
        KVPlan(
            groupFirsts: groupFirsts.pointer, groupCounts: groupCounts.pointer, groupRows: groupRows.pointer,
            lengths: lengths.pointer, pageTable: pageTable.pointer, groups: groups, tableStride: pageTable.width,
            longest: longest)
    }
}
