import StapesDevice

/// The suppress lists of the sequences that sample, as bit sets on the device.
final class SuppressLists {
    /// 64-bit words of a bit set over the vocabulary.
    let words: Int
    private let capacity: Int
    private let vocabulary: Int
    private let memory: Buffer
    private var free: [Int]

    /// - Parameter capacity: the most sequences at a time.
    init(capacity: Int, vocabulary: Int) throws(DeviceError) {
        self.capacity = capacity
        self.vocabulary = vocabulary
        words = (vocabulary + 63) / 64
        memory = try Buffer(of: UInt64.self, count: capacity * words)
        free = Array((0..<capacity).reversed())
    }

    var pointer: UnsafePointer<UInt64> { UnsafePointer(memory.bound(to: UInt64.self).baseAddress!) }

    /// Lists in use; 0 is the baseline.
    var usedCount: Int { capacity - free.count }

    /// Puts a sequence's list where the kernel finds it, until `release`.
    func reserve(_ list: [Int]) -> Int {
        guard let index = free.popLast() else { preconditionFailure("more sequences than suppress lists") }
        let bits = UnsafeMutableBufferPointer(
            rebasing: memory.bound(to: UInt64.self)[index * words..<(index + 1) * words])
        bits.update(repeating: 0)
        for token in list where token >= 0 && token < vocabulary { bits[token / 64] |= 1 << UInt64(token % 64) }
        return index
    }

    func release(_ index: Int) { free.append(index) }
}
