/// 32-bit integers at an address that stays.
final class Integers {
    let pointer: UnsafeMutablePointer<Int32>
    let count: Int

    init(_ values: [Int32]) {
        count = values.count
        pointer = .allocate(capacity: max(count, 1))
        pointer.initialize(to: 0)
        for (index, value) in values.enumerated() { pointer[index] = value }
    }

    deinit { pointer.deallocate() }
}
