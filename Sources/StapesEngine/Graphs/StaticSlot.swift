import StapesDevice

/// What a slot's entries count.
package enum SlotDomain: Sendable, Hashable {
    /// One entry a token of the step.
    case token
    /// One entry a sequence of the step.
    case row
    /// One entry a group of tokens that read the same sequence.
    case group
}

/// What stands in a slot where no live data does.
package enum SlotFill: Sendable, Hashable {
    case value(Int32)
    /// The entry's own number: a row that reads itself.
    case index
    /// So much more than the entry before it: where the entries of rows end that lie one after the other.
    case after(Int32)
}

/// An input of captured graphs: integers at a fixed address, `[count, width]`.
///
/// A slot cannot be made without saying what it holds while a graph is captured and what padding gets at replay, and
/// making it enters it in its registry: no input of a graph can be forgotten by either.
package final class StaticSlot {
    package let name: String
    package let domain: SlotDomain
    /// Integers an entry.
    package let width: Int
    package let count: Int
    package let captureFill: SlotFill
    package let paddingFill: SlotFill
    /// The host's copy, and what kernels read.
    private let values: UnsafeMutablePointer<Int32>
    private let onDevice: UnsafeMutablePointer<Int32>
    /// Entries before the first.
    private let leading: Int
    /// Owns the memory of both.
    private let block: SlotBlock

    /// - Parameters:
    ///   - count: the most entries of a step.
    ///   - capture: what every entry holds while a graph is captured.
    ///   - padding: what the entries past the live ones hold at replay.
    ///   - followsZero: whether a zero stands before the first entry, which is then the end of a first run.
    package init(
        _ name: String, domain: SlotDomain, count: Int, width: Int = 1, capture: SlotFill, padding: SlotFill,
        followsZero: Bool = false, in registry: SlotRegistry
    ) throws(DeviceError) {
        self.name = name
        self.domain = domain
        self.count = count
        self.width = width
        captureFill = capture
        paddingFill = padding
        leading = followsZero ? 1 : 0
        block = try registry.block(for: count * width + leading)
        let memory = block.allocate(count * width + leading)
        (values, onDevice) = (memory.host + leading, memory.device + leading)
        registry.enter(self)
    }

    /// For kernels: on a GPU not the host's to read.
    package var pointer: UnsafePointer<Int32> { UnsafePointer(onDevice) }
    var mutablePointer: UnsafeMutablePointer<Int32> { onDevice }
    /// Begins of runs: a zero, then the entries, `[count + 1]`. For kernels, and for the host.
    var boundaries: UnsafePointer<Int32> { UnsafePointer(onDevice - leading) }
    var hostBoundaries: UnsafePointer<Int32> { UnsafePointer(values - leading) }
    package var byteCount: Int { count * width * MemoryLayout<Int32>.stride }

    /// The first `count` entries of a slot of width 1.
    func prefix(_ count: Int) -> UnsafeBufferPointer<Int32> {
        precondition(count <= self.count && width == 1, "more entries than the slot holds")
        return UnsafeBufferPointer(start: values, count: count)
    }

    package subscript(entry: Int, column: Int = 0) -> Int32 {
        get {
            precondition(entry >= 0 && entry < count && column >= 0 && column < width, "outside the slot")
            return values[entry * width + column]
        }
        set {
            precondition(entry >= 0 && entry < count && column >= 0 && column < width, "outside the slot")
            values[entry * width + column] = newValue
        }
    }

    func fill(_ entries: Range<Int>, with fill: SlotFill) {
        for entry in entries {
            let value: Int32 =
                switch fill {
                case .value(let value): value
                case .index: Int32(entry)
                case .after(let step): (entry > 0 ? self[entry - 1] : 0) + step
                }
            for column in 0..<width { self[entry, column] = value }
        }
    }
}
