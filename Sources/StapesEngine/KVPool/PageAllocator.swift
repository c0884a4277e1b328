/// Which pages of the self arena are free, how many sequences read each, and which hold the beginning of a prompt that
/// may come again. Page 0 is reserved: padding points there.
///
/// Pages that hold the same tokens of the same window are shared: they are full, and nobody writes to them any more. A
/// page without users keeps what it holds until the page or its bytes are needed, the one unused for longest first.
package struct PageAllocator: Sendable {
    package struct Lease: Sendable, Hashable {
        package let pages: [Int32]
        /// How many of them, from the first on, hold their tokens already.
        package let reused: Int
    }

    private struct Entry {
        var users = 0
        var key: PrefixKey?
    }

    package let pageCount: Int
    private var entries: [Entry]
    private var published: [PrefixKey: Int32] = [:]
    /// Pages that hold nothing, the one given up last at the end: its memory is there already.
    private var free: [Int32]
    /// Pages that hold a prompt's beginning nobody uses.
    private var idle: RecencyList
    /// Pages that were there when they were asked for, and pages that were not.
    package private(set) var hits = 0
    package private(set) var misses = 0

    /// - Parameter pageCount: all pages, the reserved one included.
    package init(pageCount: Int) {
        precondition(pageCount > 0, "an arena has at least its reserved page")
        self.pageCount = pageCount
        entries = Array(repeating: Entry(), count: pageCount)
        free = (1..<Int32(max(pageCount, 1))).reversed()
        idle = RecencyList(capacity: pageCount)
    }

    /// Pages in use; 0 is the baseline.
    package var usedCount: Int { pageCount - 1 - free.count - idle.count }
    /// Pages that can be had.
    package var freeCount: Int { free.count + idle.count }
    /// Pages that keep what nobody uses.
    package var idleCount: Int { idle.count }
    /// When the one unused for longest was given back.
    package var oldestIdleTime: Int? { idle.oldest?.time }

    /// `count` pages, or none at all.
    ///
    /// - Parameter prefix: names of what the first ones are to hold; those that some page holds already are shared.
    package mutating func allocate(_ count: Int, prefix: [PrefixKey] = []) -> Lease? {
        var pages: [Int32] = []
        for key in prefix.prefix(count) {
            guard let page = published[key] else { break }
            pages.append(page)
        }
        let reused = pages.count
        let idleReused = pages.count { entries[Int($0)].users == 0 }
        guard count - reused <= freeCount - idleReused else { return nil }
        for page in pages where entries[Int(page)].users == 0 { idle.remove(page) }
        while pages.count < count {
            if free.isEmpty { evictOldest() }
            guard let page = free.popLast() else { preconditionFailure("the pages were counted above") }
            pages.append(page)
        }
        for page in pages { entries[Int(page)].users += 1 }
        hits += reused
        misses += prefix.count - reused
        return Lease(pages: pages, reused: reused)
    }

    /// Says that a page holds what `key` names, from now on and for all.
    package mutating func publish(_ page: Int32, as key: PrefixKey) {
        precondition(entries[Int(page)].users > 0, "only a page in use is written")
        // Two sequences may have run the same prompt at the same time: the second keeps its page to itself.
        guard published[key] == nil, entries[Int(page)].key == nil else { return }
        published[key] = page
        entries[Int(page)].key = key
    }

    /// One user less of each page.
    ///
    /// - Parameter time: grows from call to call.
    package mutating func release(_ pages: [Int32], time: Int) {
        // Without the pages before it a page is of no use: later ones are to be evicted first.
        for page in pages.reversed() {
            precondition(page > 0 && page < pageCount, "only allocated pages can be released")
            precondition(entries[Int(page)].users > 0, "a page was released twice")
            entries[Int(page)].users -= 1
            guard entries[Int(page)].users == 0 else { continue }
            if entries[Int(page)].key == nil { free.append(page) } else { idle.append(page, time: time) }
        }
    }

    /// Forgets what nobody has used for longest, if there is anything.
    package mutating func evictOldest() {
        guard let page = idle.oldest?.index else { return }
        idle.remove(page)
        if let key = entries[Int(page)].key { published[key] = nil }
        entries[Int(page)].key = nil
        free.append(page)
    }
}
