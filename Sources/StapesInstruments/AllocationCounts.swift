import CAllocationCounter

/// What the whole process took from the heap, and how often it counted references, while a piece of work ran.
///
/// Whoever links this target has its heap calls run through a counter that is off; `stapes_allocation_counter.h` says
/// at what cost. Not seen: `mmap`, `valloc` and `pvalloc`; weak and unowned references, and the retain by which one of
/// them is read. Seen, although it changes nothing: a retain or release of an object that is never freed, such as the
/// storage of all empty arrays.
package struct AllocationCounts: Sendable, Hashable {
    /// Calls of malloc, calloc, realloc and of the aligned three. A Swift object is one, wherever it is made.
    package let allocations: Int
    /// Retains of objects; a retain of several counts as several.
    package let retains: Int
    package let releases: Int

    package init(allocations: Int, retains: Int, releases: Int) {
        self.allocations = allocations
        self.retains = retains
        self.releases = releases
    }

    /// Whether this process can be counted: on Linux with glibc on x86-64, without sanitizers.
    package static var isAvailable: Bool { stapes_allocation_counter_available() }

    /// Runs `body` and returns what all threads did meanwhile; where counting is unavailable, just runs it and returns
    /// nil.
    ///
    /// What the process does beside `body` can only add to the count: the least of several is the nearest to the truth.
    /// One count at a time: neither `body` nor another thread may begin a second one before the first has ended.
    @inline(never)
    package static func count(_ body: () throws -> Void) rethrows -> AllocationCounts? {
        guard isAvailable else {
            try body()
            return nil
        }
        precondition(stapes_allocation_counter_start(), "a count of allocations began while another one was under way")
        do {
            try body()
        } catch {
            _ = stapes_allocation_counter_stop()
            throw error
        }
        let counts = stapes_allocation_counter_stop()
        return AllocationCounts(
            allocations: Int(counts.allocations), retains: Int(counts.retains), releases: Int(counts.releases))
    }
}
