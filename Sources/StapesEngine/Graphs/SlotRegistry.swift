/// Every static slot of one kind of step. Capture and replay both go through it.
package final class SlotRegistry {
    package private(set) var slots: [StaticSlot] = []

    package init() {}

    func enter(_ slot: StaticSlot) {
        precondition(!slots.contains { $0.name == slot.name }, "a slot is declared once: \(slot.name)")
        slots.append(slot)
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
