/// Some of the indices below a capacity, in the order in which they were last used. Everything takes constant time.
package struct RecencyList: Sendable {
    // A ring of links through a sentinel at `capacity`.
    private var previous: [Int32]
    private var next: [Int32]
    /// When each was put in.
    private var times: [Int]
    package private(set) var count = 0

    package init(capacity: Int) {
        let unlinked = Array(repeating: Int32(-1), count: capacity)
        previous = unlinked + [Int32(capacity)]
        next = unlinked + [Int32(capacity)]
        times = Array(repeating: 0, count: capacity)
    }

    private var sentinel: Int { times.count }

    /// The one that was used least recently, and when.
    package var oldest: (index: Int32, time: Int)? {
        let index = next[sentinel]
        return Int(index) == sentinel ? nil : (index, times[Int(index)])
    }

    /// Puts in the one that was used last.
    package mutating func append(_ index: Int32, time: Int) {
        precondition(next[Int(index)] < 0, "an index is in the list once")
        let last = previous[sentinel]
        next[Int(last)] = index
        previous[Int(index)] = last
        next[Int(index)] = Int32(sentinel)
        previous[sentinel] = index
        times[Int(index)] = time
        count += 1
    }

    package mutating func remove(_ index: Int32) {
        let (before, after) = (previous[Int(index)], next[Int(index)])
        precondition(after >= 0, "an index that is not in the list")
        next[Int(before)] = after
        previous[Int(after)] = before
        next[Int(index)] = -1
        previous[Int(index)] = -1
        count -= 1
    }
}
