import CKernels
import StapesDevice

/// The device's index arrays of one kind of step, filled by `plan` and read by the kernels. They are allocated once,
/// at the largest size, so that their addresses never change.
package final class AttentionIndices {
    private let slots: Int32Buffer
    private let selfArrays: KVIndexArrays
    private let crossArrays: KVIndexArrays
    private var crossPart: KVPlan?
    private var crossKey: CrossKey?
    /// How often the cross part was made; it should grow with joins and leaves, not with steps.
    package private(set) var crossPlans = 0

    /// What the cross part depends on besides the members themselves.
    private struct CrossKey: Equatable {
        let epoch: Int
        let tokens: Int
    }

    /// - Parameters:
    ///   - rows: the most sequences of a step.
    ///   - tokens: the most tokens of a step.
    ///   - pages: the most pages of a sequence.
    package init(rows: Int, tokens: Int, pages: Int) throws(DeviceError) {
        slots = try Int32Buffer(count: tokens)
        selfArrays = try KVIndexArrays(rows: rows, tokens: tokens, pages: pages)
        crossArrays = try KVIndexArrays(rows: rows, tokens: tokens, pages: 1)
    }

    /// Fills the arrays from the host's integers. The cross part is made only when the members have changed.
    package func plan(_ batch: AttentionBatch) -> AttentionPlan {
        let selfPart = selfArrays.fill(
            batch, pages: \.pages, length: { row, token in row.context + token + 1 })
        fillSlots(batch)
        let tokens = batch.tokenCount
        let key = CrossKey(epoch: batch.epoch, tokens: tokens)
        let cross: KVPlan
        if let crossPart, crossKey == key {
            cross = crossPart
        } else {
            cross = crossArrays.fill(batch, pages: { [$0.block] }, length: { row, _ in row.encoderLength })
            crossPart = cross
            crossKey = key
            crossPlans += 1
        }
        return AttentionPlan(tokens: tokens, slots: slots.pointer, selfPart: selfPart, crossPart: cross)
    }

    private func fillSlots(_ batch: AttentionBatch) {
        let pageTokens = KVLayout.tilePositions
        var at = 0
        for row in batch.rows {
            for position in row.context..<row.context + row.tokens {
                slots[at] = row.pages[position / pageTokens] * Int32(pageTokens) + Int32(position % pageTokens)
                at += 1
            }
        }
    }
}

/// The arrays of one arena's part.
private final class KVIndexArrays {
    private let groupFirsts: Int32Buffer
    private let groupCounts: Int32Buffer
    private let groupRows: Int32Buffer
    private let lengths: Int32Buffer
    private let pageTable: Int32Buffer
    private let tableStride: Int

    init(rows: Int, tokens: Int, pages: Int) throws(DeviceError) {
        groupFirsts = try Int32Buffer(count: tokens)
        groupCounts = try Int32Buffer(count: tokens)
        groupRows = try Int32Buffer(count: tokens)
        lengths = try Int32Buffer(count: tokens)
        pageTable = try Int32Buffer(count: rows * pages)
        tableStride = pages
    }

    func fill(
        _ batch: AttentionBatch, pages: (AttentionRow) -> [Int32], length: (AttentionRow, _ token: Int) -> Int
    ) -> KVPlan {
        var groups = 0
        var token = 0
        var longest = 0
        for (index, row) in batch.rows.enumerated() {
            let rowPages = pages(row)
            precondition(rowPages.count <= tableStride, "more pages than the page table has room for")
            for (column, page) in rowPages.enumerated() { pageTable[index * tableStride + column] = page }
            for offset in 0..<row.tokens {
                if offset % Int(STAPES_GROUP) == 0 {
                    groupFirsts[groups] = Int32(token)
                    groupCounts[groups] = Int32(min(Int(STAPES_GROUP), row.tokens - offset))
                    groupRows[groups] = Int32(index)
                    groups += 1
                }
                let positions = length(row, offset)
                precondition(positions > 0, "a token attends to one position at least")
                lengths[token] = Int32(positions)
                longest = max(longest, positions)
                token += 1
            }
        }
        return KVPlan(
            groupFirsts: groupFirsts.pointer, groupCounts: groupCounts.pointer, groupRows: groupRows.pointer,
            lengths: lengths.pointer, pageTable: pageTable.pointer, groups: groups, tableStride: tableStride,
            longest: longest)
    }
}
