import StapesEngine
import Testing

@Suite struct CrossBlockTableTests {
    private func key(_ number: Int) -> WindowKey { WindowKey(features: [Float(number)], positions: 1) }

    private func acquire(_ number: Int, _ table: inout CrossBlockTable) throws -> CrossBlockTable.Lease {
        let lease = table.acquire(key(number))
        return try #require(lease)
    }

    @Test func windowIsSharedByEveryoneWhoAsksForIt() throws {
        var table = CrossBlockTable(blockCount: 3)
        let first = try acquire(1, &table)
        let second = try acquire(1, &table)
        let other = try acquire(2, &table)
        #expect(first.mustEncode && !second.mustEncode && other.mustEncode)
        #expect(first.block == second.block && first.block != other.block)
        #expect(first.block != 0 && other.block != 0, "block 0 is reserved")
        #expect(table.usedCount == 2 && table.hits == 1)
    }

    @Test func fullTableServesTheWindowsItHasOnly() throws {
        var table = CrossBlockTable(blockCount: 2)
        _ = try acquire(1, &table)
        #expect(table.canAcquire(key(1)) && !table.canAcquire(key(2)))
        let refused = table.acquire(key(2))
        #expect(refused == nil)
        #expect(table.acquire(key(1)) != nil)
        var empty = CrossBlockTable(blockCount: 1)
        #expect(!empty.canAcquire(key(1)) && empty.acquire(key(1)) == nil)
    }

    @Test func windowWithoutUsersIsRevivedWithoutEncoding() throws {
        var table = CrossBlockTable(blockCount: 3)
        let lease = try acquire(1, &table)
        table.markWritten(lease.block)
        table.release(lease.block)
        #expect(table.usedCount == 0)
        let again = try acquire(1, &table)
        #expect(again.block == lease.block && !again.mustEncode)
        #expect(table.isWritten(again.block) && table.usedCount == 1)
    }

    @Test func windowUnusedForLongestIsTheFirstToGo() throws {
        var table = CrossBlockTable(blockCount: 4)
        for number in 1...3 {
            let lease = try acquire(number, &table)
            table.markWritten(lease.block)
            table.release(lease.block)
        }
        // The first is used once more: now the second is the oldest.
        let first = try acquire(1, &table)
        table.release(first.block)
        let new = try acquire(4, &table)
        #expect(new.mustEncode && !table.isWritten(new.block))
        for number in [1, 3] {
            let kept = try acquire(number, &table)
            #expect(!kept.mustEncode)
        }
        let refused = table.acquire(key(2))
        #expect(refused == nil, "its block holds the fourth window")
    }

    @Test func windowInUseIsNeverTaken() throws {
        var table = CrossBlockTable(blockCount: 3)
        let kept = try acquire(1, &table)
        table.markWritten(kept.block)
        for number in 2...20 {
            let lease = try acquire(number, &table)
            #expect(lease.block != kept.block && lease.block != 0 && lease.mustEncode)
            table.markWritten(lease.block)
            table.release(lease.block)
        }
        #expect(table.usedCount == 1 && table.isWritten(kept.block))
    }

    @Test func windowThatWasNeverWrittenIsForgotten() throws {
        var table = CrossBlockTable(blockCount: 3)
        let lease = try acquire(1, &table)
        let waiter = try acquire(1, &table)
        table.release(lease.block)
        #expect(table.usedCount == 1, "another user is left")
        table.release(waiter.block)
        #expect(table.usedCount == 0)
        let again = try acquire(1, &table)
        #expect(again.mustEncode)
    }

    @Test func unwrittenBlockIsTakenBeforeAWrittenOne() throws {
        var table = CrossBlockTable(blockCount: 3)
        let written = try acquire(1, &table)
        table.markWritten(written.block)
        table.release(written.block)
        let unwritten = try acquire(2, &table)
        table.release(unwritten.block)
        let new = try acquire(3, &table)
        let kept = try acquire(1, &table)
        #expect(new.block == unwritten.block && !kept.mustEncode)
    }
}
