import StapesDevice

/// Every static slot of one kind of step. Capture and replay both go through it.
///
/// The host writes its own copy of the slots; `upload` brings them to the device, all at once. On the CPU both are the
/// same memory.
package final class SlotRegistry {
    package private(set) var slots: [StaticSlot] = []
    private let stream: Stream?
    private var blocks: [SlotBlock] = []

    /// - Parameter stream: where the steps run that read the slots; nil for slots that stay on the host.
    package init(on stream: Stream? = nil) { self.stream = stream }

    func enter(_ slot: StaticSlot) {
        precondition(!slots.contains { $0.name == slot.name }, "a slot is declared once: \(slot.name)")
        slots.append(slot)
    }

    /// A block with room for a slot of so many integers.
    func block(for count: Int) throws(DeviceError) -> SlotBlock {
        if let last = blocks.last, last.hasRoom(for: count) { return last }
        let block = try SlotBlock(atLeast: count, on: stream)
        blocks.append(block)
        return block
    }

    /// Brings what the host has written to the device, before what is launched next.
    func upload() {
        guard let stream, stream.isAsynchronous else { return }
        for block in blocks { block.upload(on: stream) }
    }

    /// Brings the first entries of every slot to what a graph of this size is captured with.
    func fillForCapture(_ size: StepSize) {
        for slot in slots { slot.fill(0..<size[slot.domain], with: slot.captureFill) }
    }

    /// Fills what lies between the live entries and the graph's size.
    func pad(from live: StepSize, to size: StepSize) {
        for slot in slots where live[slot.domain] < size[slot.domain] {
            slot.fill(live[slot.domain]..<size[slot.domain], with: slot.paddingFill)
        }
    }
}

/// Memory of several slots, side by side, so that one copy serves them all.
final class SlotBlock {
    private static let defaultCount = 1 << 14
    private let host: Buffer
    /// Nil where the device reads the host's memory.
    private let device: Buffer?
    private let capacity: Int
    private var used = 0

    init(atLeast count: Int, on stream: Stream?) throws(DeviceError) {
        capacity = max(count, Self.defaultCount)
        host = try Buffer(of: Int32.self, count: capacity)
        if let stream, stream.isAsynchronous {
            device = try Buffer(of: Int32.self, count: capacity, on: stream)
        } else {
            device = nil
        }
    }

    func hasRoom(for count: Int) -> Bool { used + count <= capacity }

    func allocate(_ count: Int) -> (host: UnsafeMutablePointer<Int32>, device: UnsafeMutablePointer<Int32>) {
        // Vectors of four are read from the beginning of a slot.
        defer { used = min(capacity, (used + count + 3) / 4 * 4) }
        let onHost: UnsafeMutablePointer<Int32> = host.start()
        let onDevice: UnsafeMutablePointer<Int32> = device?.start() ?? onHost
        return (onHost + used, onDevice + used)
    }

    func upload(on stream: Stream) {
        guard let target: UnsafeMutablePointer<Int32> = device?.start() else { return }
        stream.write(UnsafePointer(host.start(of: Int32.self)), count: used, to: target)
    }
}

/// How many entries of each domain a step has.
package struct StepSize: Sendable, Hashable {
    package var tokens: Int
    package var rows: Int
    package var groups: Int

    package init(tokens: Int, rows: Int, groups: Int) {
        self.tokens = tokens
        self.rows = rows
        self.groups = groups
    }

    /// A decode step: every row has one token and is a group of its own.
    package static func decode(rows: Int) -> StepSize { StepSize(tokens: rows, rows: rows, groups: rows) }

    subscript(domain: SlotDomain) -> Int {
        switch domain {
        case .token: tokens
        case .row: rows
        case .group: groups
        }
    }
}
