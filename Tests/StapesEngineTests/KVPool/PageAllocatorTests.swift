import StapesEngine
import StapesTesting
import Testing

@Suite struct PageAllocatorTests {
    /// Keys of the first pages of some text.
    private func keys(_ pages: Int, text: Int = 1, window: Int = 1) -> [PrefixKey] {
        let tokens = [Int](repeating: text, count: 16 * pages)
        return PrefixKey.pages(of: tokens, shareable: tokens.count, window: .test(window))
    }

    private func allocate(
        _ count: Int, _ prefix: [PrefixKey] = [], _ allocator: inout PageAllocator
    ) throws -> PageAllocator.Lease {
        let lease = allocator.allocate(count, prefix: prefix)
        return try #require(lease)
    }

    private func publish(_ lease: PageAllocator.Lease, _ keys: [PrefixKey], _ allocator: inout PageAllocator) {
        for (page, key) in zip(lease.pages, keys) { allocator.publish(page, as: key) }
    }

    // MARK: Pages that nobody shares

    @Test func handsOutEveryPageOnceAndNeverTheReservedOne() throws {
        var allocator = PageAllocator(pageCount: 10)
        #expect(allocator.freeCount == 9 && allocator.usedCount == 0)
        let pages = try [4, 0, 5].flatMap { try allocate($0, [], &allocator).pages }
        #expect(Set(pages) == Set(1...9) && pages.count == 9)
        #expect(allocator.freeCount == 0 && allocator.usedCount == 9)
        #expect(allocator.allocate(1) == nil)
        let nothing = try allocate(0, [], &allocator)
        #expect(nothing.pages == [] && nothing.reused == 0)
    }

    @Test func requestBeyondTheFreePagesTakesNone() throws {
        var allocator = PageAllocator(pageCount: 5)
        #expect(allocator.allocate(5) == nil)
        #expect(allocator.freeCount == 4)
        #expect(try allocate(4, [], &allocator).pages.count == 4)
    }

    @Test func arenaOfTheReservedPageAloneHasNothingToGive() {
        var allocator = PageAllocator(pageCount: 1)
        #expect(allocator.usedCount == 0 && allocator.allocate(1) == nil)
    }

    @Test func pageWithoutANameIsFreeAgainAndIsTheNextToBeTaken() throws {
        var allocator = PageAllocator(pageCount: 10)
        let lease = try allocate(3, [], &allocator)
        allocator.release(lease.pages, time: 1)
        #expect(allocator.idleCount == 0 && allocator.freeCount == 9 && allocator.oldestIdleTime == nil)
        #expect(Set(try allocate(3, [], &allocator).pages) == Set(lease.pages), "their memory is there already")
    }

    // MARK: Pages that hold a prompt's beginning

    @Test func publishedPagesAreShared() throws {
        var allocator = PageAllocator(pageCount: 20)
        let keys = keys(3)
        let first = try allocate(5, keys, &allocator)
        #expect(first.reused == 0 && allocator.misses == 3 && allocator.hits == 0)
        publish(first, keys, &allocator)
        let second = try allocate(6, keys, &allocator)
        #expect(second.reused == 3 && second.pages[..<3] == first.pages[..<3])
        #expect(Set(second.pages[3...]).isDisjoint(with: first.pages))
        #expect(allocator.usedCount == 8 && allocator.hits == 3 && allocator.misses == 3)
        // The first one goes: the second still reads its pages.
        allocator.release(first.pages, time: 1)
        #expect(allocator.usedCount == 6 && allocator.idleCount == 0)
        allocator.release(second.pages, time: 2)
        #expect(allocator.usedCount == 0 && allocator.idleCount == 3 && allocator.oldestIdleTime == 2)
    }

    @Test func pageIsNotSharedBeforeItIsPublished() throws {
        var allocator = PageAllocator(pageCount: 20)
        let first = try allocate(3, keys(3), &allocator)
        let second = try allocate(3, keys(3), &allocator)
        #expect(second.reused == 0 && Set(second.pages).isDisjoint(with: first.pages))
        // Both ran the same prompt: the page of the one that was ready first is kept.
        publish(first, keys(3), &allocator)
        publish(second, keys(3), &allocator)
        #expect(try allocate(3, keys(3), &allocator).pages == first.pages)
        allocator.release(second.pages, time: 1)
        #expect(allocator.idleCount == 0 && allocator.usedCount == 3)
    }

    @Test func onlyTheCommonBeginningIsShared() throws {
        var allocator = PageAllocator(pageCount: 20)
        let first = try allocate(3, keys(3), &allocator)
        publish(first, keys(3), &allocator)
        let tokens = [Int](repeating: 1, count: 32) + [Int](repeating: 9, count: 16)
        let other = PrefixKey.pages(of: tokens, shareable: 48, window: .test(1))
        let second = try allocate(3, other, &allocator)
        #expect(second.reused == 2 && second.pages[..<2] == first.pages[..<2] && second.pages[2] != first.pages[2])
        let elsewhere = try allocate(3, keys(3, window: 2), &allocator)
        #expect(elsewhere.reused == 0, "another window has other keys and values for the same tokens")
    }

    /// A page is of use only after all those before it.
    @Test func pageWhoseForerunnerIsGoneIsNotShared() throws {
        var allocator = PageAllocator(pageCount: 20)
        let short = try allocate(1, keys(1), &allocator)
        let long = try allocate(3, keys(3), &allocator)
        publish(short, keys(1), &allocator)
        publish(long, keys(3), &allocator)
        // The first page of the two is the shorter one's, and goes.
        allocator.release(short.pages, time: 1)
        allocator.evictOldest()
        let other = try allocate(3, keys(3), &allocator)
        #expect(other.reused == 0 && Set(other.pages).isDisjoint(with: long.pages))
        // Once it is there again, so are the others.
        publish(other, keys(3), &allocator)
        #expect(try allocate(3, keys(3), &allocator).pages == [other.pages[0], long.pages[1], long.pages[2]])
    }

    @Test func keysBeyondTheRequestAreNotShared() throws {
        var allocator = PageAllocator(pageCount: 20)
        let first = try allocate(4, keys(4), &allocator)
        publish(first, keys(4), &allocator)
        let second = try allocate(2, keys(4), &allocator)
        #expect(second.pages == Array(first.pages[..<2]) && second.reused == 2)
    }

    @Test func idlePagesAreRevived() throws {
        var allocator = PageAllocator(pageCount: 10)
        let first = try allocate(3, keys(3), &allocator)
        publish(first, keys(3), &allocator)
        allocator.release(first.pages, time: 1)
        #expect(allocator.usedCount == 0 && allocator.idleCount == 3 && allocator.freeCount == 9)
        let again = try allocate(3, keys(3), &allocator)
        #expect(again.pages == first.pages && again.reused == 3)
        #expect(allocator.usedCount == 3 && allocator.idleCount == 0)
    }

    @Test func laterPagesOfAPromptAreEvictedFirst() throws {
        var allocator = PageAllocator(pageCount: 10)
        let lease = try allocate(4, keys(4), &allocator)
        publish(lease, keys(4), &allocator)
        allocator.release(lease.pages, time: 1)
        for left in (0..<4).reversed() {
            allocator.evictOldest()
            #expect(allocator.idleCount == left)
            var copy = allocator
            let again = copy.allocate(4, prefix: keys(4))
            #expect(again?.reused == left && again?.pages.prefix(left) == lease.pages.prefix(left))
        }
        allocator.evictOldest()
        #expect(allocator.idleCount == 0 && allocator.freeCount == 9)
    }

    @Test func promptUnusedForLongestIsTheFirstToGo() throws {
        var allocator = PageAllocator(pageCount: 7)
        for text in 1...3 {
            let lease = try allocate(2, keys(2, text: text), &allocator)
            publish(lease, keys(2, text: text), &allocator)
            allocator.release(lease.pages, time: text)
        }
        allocator.release(try allocate(2, keys(2, text: 1), &allocator).pages, time: 4)
        #expect(allocator.oldestIdleTime == 2)
        // The second is the oldest now. Two pages can be had only by giving it up.
        let new = try allocate(2, [], &allocator)
        #expect(allocator.idleCount == 4)
        for (text, kept) in [(1, 2), (3, 2)] {
            let lease = try allocate(2, keys(2, text: text), &allocator)
            #expect(lease.reused == kept && Set(lease.pages).isDisjoint(with: new.pages), "text \(text)")
        }
        #expect(allocator.allocate(2, prefix: keys(2, text: 2)) == nil)
    }

    /// Idle pages that are to be reused are not pages that can be had besides.
    @Test func requestThatCountsItsOwnReusedPagesTwiceTakesNone() throws {
        var allocator = PageAllocator(pageCount: 6)
        let lease = try allocate(3, keys(3), &allocator)
        publish(lease, keys(3), &allocator)
        allocator.release(lease.pages, time: 1)
        #expect(allocator.freeCount == 5)
        let before = (allocator.hits, allocator.misses)
        #expect(allocator.allocate(6, prefix: keys(3)) == nil)
        #expect(allocator.idleCount == 3 && allocator.freeCount == 5 && (allocator.hits, allocator.misses) == before)
        let all = try allocate(5, keys(3), &allocator)
        #expect(all.reused == 3 && Set(all.pages) == Set(1...5))
        #expect(allocator.freeCount == 0 && allocator.idleCount == 0)
    }

    @Test func pageInUseIsNeverEvicted() throws {
        var allocator = PageAllocator(pageCount: 4)
        let lease = try allocate(2, keys(2), &allocator)
        publish(lease, keys(2), &allocator)
        for _ in 0..<3 { allocator.evictOldest() }
        #expect(allocator.usedCount == 2 && allocator.allocate(2) == nil)
        #expect(try allocate(2, keys(2), &allocator).pages == lease.pages)
    }

    // MARK: Any order of events

    /// What the allocator should hold, kept as plain lists.
    private struct Model {
        var users: [Int32: Int] = [:]
        var names: [Int32: PrefixKey] = [:]
        /// Pages with a name and without users, the one unused for longest first.
        var idle: [(page: Int32, time: Int)] = []
        var hits = 0
        var misses = 0

        func page(of key: PrefixKey) -> Int32? { names.first { $0.value == key }?.key }

        mutating func evict() { names[idle.removeFirst().page] = nil }
    }

    private struct Held {
        let lease: PageAllocator.Lease
        let prefix: [PrefixKey]
    }

    @Test(arguments: 0..<30 as Range<UInt64>) func anyOrderOfEventsAgreesWithPlainLists(seed: UInt64) {
        var generator = SeededGenerator(seed: 600 + seed)
        let capacity = Int.random(in: 1...24, using: &generator)
        var allocator = PageAllocator(pageCount: capacity + 1)
        var model = Model()
        var held: [Held] = []
        var reused = 0
        for time in 0..<500 {
            switch Int.random(in: 0..<8, using: &generator) {
            case 0..<3:
                let prefix = keys(
                    Int.random(in: 0...4, using: &generator), text: Int.random(in: 0...2, using: &generator))
                let count = Int.random(in: prefix.count...8, using: &generator)
                var expected: [Int32] = []
                for key in prefix { if let page = model.page(of: key) { expected.append(page) } else { break } }
                let idleReused = expected.count { model.users[$0] == nil }
                let available = capacity - model.users.count - idleReused
                let lease = allocator.allocate(count, prefix: prefix)
                guard (lease != nil) == (count - expected.count <= available) else {
                    Issue.record("seed \(600 + seed), event \(time): \(count) pages, \(expected.count) of them reused")
                    return
                }
                guard let lease else { continue }
                guard lease.reused == expected.count, Array(lease.pages[..<lease.reused]) == expected,
                    lease.pages.count == count, Set(lease.pages).count == count
                else {
                    Issue.record("seed \(600 + seed), event \(time): \(lease), expected to begin with \(expected)")
                    return
                }
                reused += lease.reused
                model.idle.removeAll { expected.contains($0.page) }
                let free = capacity - model.users.count - idleReused - model.idle.count
                for _ in 0..<max(0, count - expected.count - free) { model.evict() }
                let fresh = lease.pages[lease.reused...]
                guard fresh.allSatisfy({ $0 > 0 && model.users[$0] == nil && model.names[$0] == nil }) else {
                    Issue.record("seed \(600 + seed), event \(time): a page of another's was handed out")
                    return
                }
                for page in lease.pages { model.users[page, default: 0] += 1 }
                model.hits += lease.reused
                model.misses += prefix.count - lease.reused
                held.append(Held(lease: lease, prefix: prefix))
            case 3:
                guard let some = held.randomElement(using: &generator) else { continue }
                for (page, key) in zip(some.lease.pages, some.prefix) {
                    allocator.publish(page, as: key)
                    if model.page(of: key) == nil, model.names[page] == nil { model.names[page] = key }
                }
            case 4, 5:
                guard !held.isEmpty else { continue }
                let pages = held.remove(at: Int.random(in: 0..<held.count, using: &generator)).lease.pages
                allocator.release(pages, time: time)
                for page in pages.reversed() {
                    guard let users = model.users[page] else { continue }
                    model.users[page] = users == 1 ? nil : users - 1
                    if users == 1, model.names[page] != nil { model.idle.append((page, time)) }
                }
            default:
                allocator.evictOldest()
                if !model.idle.isEmpty { model.evict() }
            }
            guard allocator.usedCount == model.users.count, allocator.idleCount == model.idle.count,
                allocator.freeCount == capacity - model.users.count, allocator.hits == model.hits,
                allocator.misses == model.misses, allocator.oldestIdleTime == model.idle.first?.time
            else {
                Issue.record("seed \(600 + seed), event \(time): the counts are not those of \(model)")
                return
            }
        }
        for some in held { allocator.release(some.lease.pages, time: 500) }
        #expect(allocator.usedCount == 0 && allocator.freeCount == capacity)
        #expect(reused > 0 || capacity < 4, "seed \(600 + seed): nothing was shared")
    }
}
