/// Which blocks of the cross arena hold which window. Block 0 is reserved: padding points there.
///
/// A block holds the cross keys and values of one window, whole or not at all. It is counted by its users: everyone
/// who asks for the same window shares it. A block without users keeps its window until the block is needed for
/// another or its bytes are, the one unused for longest first, so that the same audio asked for again need not be
/// encoded again.
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

    private var entries: [Entry]
    private var blocks: [WindowKey: Int32] = [:]
    /// Blocks that hold nothing, the one given up last at the end: its memory is there already.
    private var free: [Int32]
    /// Blocks that hold a window nobody uses.
    private var idle: RecencyList
    /// How often a window was there when it was asked for, and how often it was not.
    package private(set) var hits = 0
    package private(set) var misses = 0

    /// - Parameter blockCount: all blocks, the reserved one included.
    package init(blockCount: Int) {
        precondition(blockCount > 0, "an arena has at least its reserved block")
        entries = Array(repeating: Entry(), count: blockCount)
        free = (1..<Int32(max(blockCount, 1))).reversed()
        idle = RecencyList(capacity: blockCount)
    }

    /// Blocks in use; 0 is the baseline.
    package var usedCount: Int { entries.count - 1 - free.count - idle.count }
    /// Blocks that keep a window nobody uses.
    package var idleCount: Int { idle.count }
    /// When the one unused for longest was given back.
    package var oldestIdleTime: Int? { idle.oldest?.time }

    package func canAcquire(_ key: WindowKey) -> Bool { blocks[key] != nil || !free.isEmpty || idle.count > 0 }

    /// Whether a block has the window, or will have it once its first user has encoded it.
    package func holds(_ key: WindowKey) -> Bool { blocks[key] != nil }

    package func isWritten(_ block: Int32) -> Bool { entries[Int(block)].isWritten }

    package mutating func acquire(_ key: WindowKey) -> Lease? {
        if let block = blocks[key] {
            if entries[Int(block)].users == 0 { idle.remove(block) }
            entries[Int(block)].users += 1
            hits += 1
            return Lease(block: block, mustEncode: false)
        }
        if free.isEmpty { evictOldest() }
        guard let block = free.popLast() else { return nil }
        entries[Int(block)] = Entry(key: key, users: 1, isWritten: false)
        blocks[key] = block
        misses += 1
        return Lease(block: block, mustEncode: true)
    }

    package mutating func markWritten(_ block: Int32) { entries[Int(block)].isWritten = true }

    /// One user less. With its last user, a block that was never written forgets its window.
    ///
    /// - Parameter time: grows from call to call.
    package mutating func release(_ block: Int32, time: Int) {
        precondition(block > 0 && entries[Int(block)].users > 0, "a block was released more often than acquired")
        entries[Int(block)].users -= 1
        guard entries[Int(block)].users == 0 else { return }
        if entries[Int(block)].isWritten { idle.append(block, time: time) } else { forget(block) }
    }

    /// Forgets the window that nobody has used for longest, if there is one.
    package mutating func evictOldest() {
        guard let block = idle.oldest?.index else { return }
        idle.remove(block)
        forget(block)
    }

    private mutating func forget(_ block: Int32) {
        if let key = entries[Int(block)].key { blocks[key] = nil }
        entries[Int(block)] = Entry()
        free.append(block)
    }
}
