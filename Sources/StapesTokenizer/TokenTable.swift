/// The bytes of every token, found by id, and the ids of ordinary tokens, found by bytes.
///
/// All bytes lie in one array: 50 000 small arrays would cost more time than reading the file.
struct TokenTable: Sendable {
    private struct Slot {
        var start: Int32 = 0
        var count: Int32 = -1  // -1: no token has this id
    }

    private var storage: [UInt8] = []
    private var slots: [Slot] = []
    /// Open addressing with linear probing over ids; -1 is a free place. The count is a power of two.
    private var buckets: [Int32] = []
    /// Byte count of the longest token that `id(of:)` finds.
    private(set) var longestCount = 0

    /// One more than the highest id.
    var count: Int { slots.count }

    mutating func reserveCapacity(tokens: Int, bytes: Int) {
        storage.reserveCapacity(bytes)
        slots.reserveCapacity(tokens)
    }

    /// - Precondition: `id` is not negative and below 2^31.
    /// - Returns: false if the id was already taken.
    mutating func insert(_ bytes: some Collection<UInt8>, id: Int) -> Bool {
        while slots.count <= id { slots.append(Slot()) }
        guard slots[id].count < 0 else { return false }
        slots[id] = Slot(start: Int32(storage.count), count: Int32(bytes.count))
        storage.append(contentsOf: bytes)
        return true
    }

    /// The bytes of a token; nil where no token has the id.
    func bytes(of id: Int) -> ArraySlice<UInt8>? {
        guard slots.indices.contains(id), slots[id].count >= 0 else { return nil }
        return storage[Int(slots[id].start)..<Int(slots[id].start + slots[id].count)]
    }

    func byteCount(of id: Int) -> Int {
        Int(slots[id].count)
    }

    /// Makes the tokens below `limit` findable by their bytes. Empty tokens stay out: nothing could be read as one.
    ///
    /// - Returns: an id whose bytes another token has too, if there is one.
    mutating func index(below limit: Int) -> Int? {
        var capacity = 1024
        while capacity < 2 * limit { capacity *= 2 }
        buckets = [Int32](repeating: -1, count: capacity)
        longestCount = 0
        for id in 0..<limit where slots[id].count > 0 {
            let range = Int(slots[id].start)..<Int(slots[id].start + slots[id].count)
            let bucket = storage.withUnsafeBufferPointer { place(of: UnsafeBufferPointer(rebasing: $0[range])) }
            guard buckets[bucket] < 0 else { return id }
            buckets[bucket] = Int32(id)
            longestCount = max(longestCount, range.count)
        }
        return nil
    }

    /// The ordinary token with exactly these bytes.
    func id(of bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard !bytes.isEmpty, bytes.count <= longestCount else { return nil }
        let id = buckets[place(of: bytes)]
        return id < 0 ? nil : Int(id)
    }

    /// Where the token with these bytes is, or the free place where it would be.
    private func place(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
        // FNV-1a; tokens are a few bytes long.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let mask = buckets.count - 1
        var bucket = Int(truncatingIfNeeded: hash ^ hash >> 32) & mask
        storage.withUnsafeBufferPointer { storage in
            while buckets[bucket] >= 0 {
                let slot = slots[Int(buckets[bucket])]
                let token = storage[Int(slot.start)..<Int(slot.start + slot.count)]
                if token.count == bytes.count, token.elementsEqual(bytes) { return }
                bucket = (bucket + 1) & mask
            }
        }
        return bucket
    }
}
