/// A binary heap that hands out its lowest value first.
struct MinimumHeap {
    private var values: [UInt64] = []

    mutating func removeAll() {
        values.removeAll(keepingCapacity: true)
    }

    mutating func insert(_ value: UInt64) {
        var index = values.count
        values.append(value)
        while index > 0, case let parent = (index - 1) / 2, values[parent] > value {
            values.swapAt(index, parent)
            index = parent
        }
    }

    mutating func popMinimum() -> UInt64? {
        guard let last = values.popLast() else { return nil }
        guard let minimum = values.first else { return last }
        values[0] = last
        var index = 0
        while case var child = 2 * index + 1, child < values.count {
            if child + 1 < values.count, values[child + 1] < values[child] { child += 1 }
            guard values[child] < last else { break }
            values.swapAt(index, child)
            index = child
        }
        return minimum
    }
}
