/// Which blocks of the cross arena hold which window. Block 0 is reserved: padding points there.
///
/// A block holds the cross keys and values of one window, whole or not at all. It is counted by its users: everyone
/// who asks for the same window shares it. A block without users keeps its window until the block is needed for
/// another, the one unused for longest first, so that the same audio asked for again need not be encoded again.
package struct CrossBlockTable: Sendable {
    package struct Lease: Sendable, Hashable {
        package let block: Int32
        /// The window has to be encoded into the block; false when it is there, or another user's encoding will do.
        package let mustEncode: Bool
    }

    private struct Entry {
        var key: WindowKey?
        var users = 0
        var isWritten = false
    }

    /// Whether a block keeps its window when its last user goes.
    private let keepsWindows: Bool
    private var entries: [Entry]
    private var blocks: [WindowKey: Int32] = [:]
    /// Blocks without users, the next to be taken first.
    private var idle: [Int32]
    package private(set) var hits = 0

    /// - Parameters:
    ///   - blockCount: all blocks, the reserved one included.
    ///   - keepsWindows: whether a window can be asked for again after its last user has gone.
    package init(blockCount: Int, keepsWindows: Bool = true) {
        self.keepsWindows = keepsWindows
        precondition(blockCount > 0, "an arena has at least its reserved block")
        entries = Array(repeating: Entry(), count: blockCount)
        idle = Array(1..<Int32(max(blockCount, 1)))
    }

    /// Blocks in use; 0 is the baseline.
    package var usedCount: Int { entries.count - 1 - idle.count }

    package func canAcquire(_ key: WindowKey) -> Bool { blocks[key] != nil || !idle.isEmpty }

    package func isWritten(_ block: Int32) -> Bool { entries[Int(block)].isWritten }

    package mutating func acquire(_ key: WindowKey) -> Lease? {
        if let block = blocks[key] {
            if entries[Int(block)].users == 0 { idle.removeAll { $0 == block } }
            entries[Int(block)].users += 1
            hits += 1
            return Lease(block: block, mustEncode: false)
        }
        guard !idle.isEmpty else { return nil }
        let block = idle.removeFirst()
        if let old = entries[Int(block)].key { blocks[old] = nil }
        entries[Int(block)] = Entry(key: key, users: 1, isWritten: false)
        blocks[key] = block
        return Lease(block: block, mustEncode: true)
    }

    package mutating func markWritten(_ block: Int32) { entries[Int(block)].isWritten = true }

    /// One user less. With its last user, a block that was never written, or keeps none, forgets its window.
    package mutating func release(_ block: Int32) {
        precondition(block > 0 && entries[Int(block)].users > 0, "a block was released more often than acquired")
        entries[Int(block)].users -= 1
        guard entries[Int(block)].users == 0 else { return }
        if entries[Int(block)].isWritten, keepsWindows {
            idle.append(block)
        } else {
            if let key = entries[Int(block)].key { blocks[key] = nil }
            entries[Int(block)].key = nil
            idle.insert(block, at: 0)
        }
    }
}
