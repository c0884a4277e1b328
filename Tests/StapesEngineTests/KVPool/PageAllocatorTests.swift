import StapesEngine
import StapesTesting
import Testing

@Suite struct PageAllocatorTests {
    @Test func handsOutEveryPageOnceAndNeverTheReservedOne() {
        var allocator = PageAllocator(pageCount: 10)
        #expect(allocator.freeCount == 9 && allocator.usedCount == 0)
        let pages = [4, 0, 5].flatMap { allocator.allocate($0) ?? [] }
        #expect(Set(pages) == Set(1...9) && pages.count == 9)
        #expect(allocator.freeCount == 0 && allocator.usedCount == 9)
        #expect(allocator.allocate(1) == nil)
        #expect(allocator.allocate(0) == [])
    }

    @Test func requestBeyondTheFreePagesTakesNone() {
        var allocator = PageAllocator(pageCount: 5)
        #expect(allocator.allocate(5) == nil)
        #expect(allocator.freeCount == 4)
        #expect(allocator.allocate(4)?.count == 4)
    }

    @Test func arenaOfTheReservedPageAloneHasNothingToGive() {
        var allocator = PageAllocator(pageCount: 1)
        #expect(allocator.usedCount == 0 && allocator.allocate(1) == nil)
    }

    @Test func anyOrderOfReleasesReturnsToTheBaseline() {
        var generator = SeededGenerator(seed: 60)
        var allocator = PageAllocator(pageCount: 40)
        var held: [[Int32]] = []
        for _ in 0..<2000 {
            if Bool.random(using: &generator), let pages = allocator.allocate(Int.random(in: 0...9, using: &generator))
            {
                held.append(pages)
            } else if !held.isEmpty {
                allocator.release(held.remove(at: Int.random(in: 0..<held.count, using: &generator)))
            }
            let used = held.flatMap { $0 }
            #expect(Set(used).count == used.count && !used.contains(0))
            #expect(allocator.usedCount == used.count)
        }
        for pages in held { allocator.release(pages) }
        #expect(allocator.usedCount == 0)
    }
}
