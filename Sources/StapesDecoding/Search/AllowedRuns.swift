/// The ids a mask leaves, as maximal runs in rising order, so that a row is read in stretches and not id by id.
struct AllowedRuns: Sequence, IteratorProtocol {
    private let count: Int
    private let mask: LogitMask
    /// Sorted.
    private let suppressList: [Int]
    private var cursor = 0
    private var rangeIndex = 0
    private var listIndex = 0

    /// - Parameter count: ids of the row, masked or not.
    init(count: Int, mask: LogitMask, suppressList: [Int]) {
        self.count = count
        self.mask = mask
        self.suppressList = mask.usesSuppressList ? suppressList : []
    }

    mutating func next() -> Range<Int>? {
        while cursor < count {
            while rangeIndex < mask.rangeCount, Int(mask.slots[rangeIndex].upper) <= cursor {
                rangeIndex += 1
            }
            while listIndex < suppressList.count, suppressList[listIndex] < cursor {
                listIndex += 1
            }
            let nextRange = rangeIndex < mask.rangeCount ? Int(mask.slots[rangeIndex].lower) : count
            let nextListed = listIndex < suppressList.count ? suppressList[listIndex] : count
            if nextRange <= cursor {
                cursor = Int(mask.slots[rangeIndex].upper)
            } else if nextListed == cursor {
                cursor += 1
            } else {
                let run = cursor..<Swift.min(count, nextRange, nextListed)
                cursor = run.upperBound
                return run
            }
        }
        return nil
    }
}
