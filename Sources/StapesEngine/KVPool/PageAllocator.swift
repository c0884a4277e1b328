/// Which pages of the self arena are free. Page 0 is reserved: padding points there.
package struct PageAllocator: Sendable {
    package let pageCount: Int
    private var free: [Int32]

    /// - Parameter pageCount: all pages, the reserved one included.
    package init(pageCount: Int) {
        precondition(pageCount > 0, "an arena has at least its reserved page")
        self.pageCount = pageCount
        free = (1..<Int32(max(pageCount, 1))).reversed()
    }

    package var freeCount: Int { free.count }
    /// Pages in use; 0 is the baseline.
    package var usedCount: Int { pageCount - 1 - free.count }

    /// `count` pages, or none at all.
    package mutating func allocate(_ count: Int) -> [Int32]? {
        guard count <= free.count else { return nil }
        let pages = Array(free.suffix(count).reversed())
        free.removeLast(count)
        return pages
    }

    package mutating func release(_ pages: [Int32]) {
        precondition(pages.allSatisfy { $0 > 0 && $0 < pageCount }, "only allocated pages can be released")
        precondition(free.count + pages.count < pageCount, "a page was released twice")
        free += pages.reversed()
    }
}
