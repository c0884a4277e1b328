import StapesEngine
import StapesTesting
import Testing

@Suite struct CrossBlockTableTests {
    private func key(_ number: Int) -> WindowKey { .test(number) }

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
        #expect(table.usedCount == 2 && table.hits == 1 && table.misses == 2)
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
        table.release(lease.block, time: 1)
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
            table.release(lease.block, time: number)
        }
        #expect(table.idleCount == 3 && table.oldestIdleTime == 1)
        // The first is used once more: now the second is the oldest.
        let first = try acquire(1, &table)
        table.release(first.block, time: 4)
        #expect(table.oldestIdleTime == 2)
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
            table.release(lease.block, time: number)
        }
        #expect(table.usedCount == 1 && table.isWritten(kept.block))
    }

    @Test func windowThatWasNeverWrittenIsForgotten() throws {
        var table = CrossBlockTable(blockCount: 3)
        let lease = try acquire(1, &table)
        let waiter = try acquire(1, &table)
        table.release(lease.block, time: 1)
        #expect(table.usedCount == 1, "another user is left")
        table.release(waiter.block, time: 2)
        #expect(table.usedCount == 0 && table.idleCount == 0 && table.oldestIdleTime == nil)
        let again = try acquire(1, &table)
        #expect(again.mustEncode)
    }

    @Test func evictedWindowIsEncodedAgainInTheBlockThatHasItsMemory() throws {
        var table = CrossBlockTable(blockCount: 5)
        let leases = try (1...2).map { try acquire($0, &table) }
        for (time, lease) in leases.enumerated() {
            table.markWritten(lease.block)
            table.release(lease.block, time: time)
        }
        table.evictOldest()
        #expect(table.idleCount == 1 && table.oldestIdleTime == 1 && table.usedCount == 0)
        let again = try acquire(1, &table)
        #expect(again.mustEncode && again.block == leases[0].block && !table.isWritten(again.block))
        let kept = try acquire(2, &table)
        #expect(!kept.mustEncode && kept.block == leases[1].block)
        #expect(table.hits == 1 && table.misses == 3)
    }

    @Test func evictionWithoutIdleWindowsChangesNothing() throws {
        var table = CrossBlockTable(blockCount: 3)
        let lease = try acquire(1, &table)
        table.markWritten(lease.block)
        table.evictOldest()
        #expect(table.usedCount == 1 && table.idleCount == 0 && table.isWritten(lease.block))
    }

    /// What the table should hold, kept as plain lists.
    private struct Model {
        var users: [Int: Int] = [:]
        var written: Set<Int> = []
        /// Windows without users, the one unused for longest first.
        var idle: [(window: Int, time: Int)] = []
        var hits = 0
        var misses = 0
    }

    @Test(arguments: 0..<30 as Range<UInt64>) func anyOperationsAgreeWithPlainLists(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let capacity = Int.random(in: 1...6, using: &generator)
        var table = CrossBlockTable(blockCount: capacity + 1)
        var model = Model()
        var places: [Int: Int32] = [:]
        for time in 0..<600 {
            let window = Int.random(in: 0..<9, using: &generator)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0..<4:
                let isKept = model.users[window] != nil || model.idle.contains { $0.window == window }
                let fits = isKept || model.users.count < capacity
                guard table.canAcquire(key(window)) == fits else { throw Wrong("canAcquire", seed, time) }
                let lease = table.acquire(key(window))
                guard (lease != nil) == fits, lease.map({ $0.mustEncode == isKept }) != true else {
                    throw Wrong("acquire", seed, time)
                }
                guard let lease else { continue }
                if isKept {
                    guard lease.block == places[window] else { throw Wrong("place", seed, time) }
                    model.idle.removeAll { $0.window == window }
                    model.hits += 1
                } else {
                    if model.users.count + model.idle.count == capacity {
                        model.written.remove(model.idle.removeFirst().window)
                    }
                    model.misses += 1
                }
                places[window] = lease.block
                model.users[window, default: 0] += 1
            case 4:
                guard model.users[window] != nil, let block = places[window] else { continue }
                table.markWritten(block)
                model.written.insert(window)
            case 5, 6:
                guard let users = model.users[window], let block = places[window] else { continue }
                table.release(block, time: time)
                model.users[window] = users == 1 ? nil : users - 1
                if users == 1, model.written.contains(window) { model.idle.append((window, time)) }
            default:
                guard time % 3 == 0 else { continue }
                table.evictOldest()
                if !model.idle.isEmpty { model.written.remove(model.idle.removeFirst().window) }
            }
            guard table.usedCount == model.users.count, table.idleCount == model.idle.count,
                table.oldestIdleTime == model.idle.first?.time, table.hits == model.hits,
                table.misses == model.misses
            else { throw Wrong("counts", seed, time) }
            for window in model.users.keys {
                guard let block = places[window], table.isWritten(block) == model.written.contains(window) else {
                    throw Wrong("written", seed, time)
                }
            }
            let used = model.users.keys.compactMap { places[$0] }
            guard Set(used).count == used.count, !used.contains(0) else { throw Wrong("shared block", seed, time) }
        }
    }

    private struct Wrong: Error {
        let what: String
        let seed: UInt64
        let operation: Int

        init(_ what: String, _ seed: UInt64, _ operation: Int) {
            self.what = what
            self.seed = seed
            self.operation = operation
        }
    }

    @Test func unwrittenBlockIsTakenBeforeAWrittenOne() throws {
        var table = CrossBlockTable(blockCount: 3)
        let written = try acquire(1, &table)
        table.markWritten(written.block)
        table.release(written.block, time: 1)
        let unwritten = try acquire(2, &table)
        table.release(unwritten.block, time: 2)
        let new = try acquire(3, &table)
        let kept = try acquire(1, &table)
        #expect(new.block == unwritten.block && !kept.mustEncode)
    }
}
