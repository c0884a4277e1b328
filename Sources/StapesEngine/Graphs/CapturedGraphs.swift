import StapesDevice

/// The graphs of one plane, by the size they were captured at.
///
/// A live step is replayed by the smallest graph that has room for it.
package final class CapturedGraphs {
    private final class Entry {
        let size: StepSize
        let graph: Graph

        init(size: StepSize, graph: consuming Graph) {
            self.size = size
            self.graph = graph
        }
    }

    /// Largest first, as captured.
    private var entries: [Entry] = []
    /// Whether a smaller step may be padded to a graph's size.
    private let pads: Bool

    init(pads: Bool = true) { self.pads = pads }

    package var isEmpty: Bool { entries.isEmpty }

    package var sizes: [StepSize] { entries.map(\.size) }

    /// Bytes of all recorded calls.
    package var byteCount: Int { entries.reduce(0) { $0 + $1.graph.byteCount } }

    /// Calls of each graph, in the order of `sizes`.
    package var kernels: [[UnsafeRawPointer]] { entries.map { $0.graph.kernels } }

    /// Captures a graph a size, the largest first.
    ///
    /// - Parameters:
    ///   - prepare: plans for the size it is given, before anything is recorded.
    ///   - record: launches the whole step at the size it is given.
    ///   - warmsAll: whether each size is run right before it is captured, and not some alone before all.
    func capture(
        _ sizes: [StepSize], slots: SlotRegistry, on stream: Stream, warmsAll: Bool = false,
        prepare: (StepSize) throws(DeviceError) -> Void = { (_) throws(DeviceError) in },
        record: (StepSize) throws(DeviceError) -> Void
    ) throws(DeviceError) {
        let largestFirst = Set(sizes).sorted { ($0.tokens, $0.rows) > ($1.tokens, $1.rows) }
        func fill(_ size: StepSize) throws(DeviceError) {
            slots.fillForCapture(size)
            try prepare(size)
            slots.upload()
        }
        if stream.isAsynchronous, !warmsAll {
            for size in Self.warmUps(of: largestFirst) {
                try fill(size)
                try record(size)
            }
        }
        for size in largestFirst {
            try fill(size)
            if stream.isAsynchronous, warmsAll { try record(size) }
            let graph = try stream.capture { () throws(DeviceError) in try record(size) }
            entries.append(Entry(size: size, graph: graph))
        }
    }

    /// Sizes that are run once before any is captured: a kernel is loaded when it runs first, and a library chooses what it
    /// launches for a shape then; neither can be while a stream is captured. Which of our products' kernels runs depends on
    /// the rows up to 64 and no further. They read and write what is reserved.
    private static func warmUps(of largestFirst: [StepSize]) -> Set<StepSize> {
        let few = [16, 32, 64].compactMap { most in largestFirst.first { $0.tokens <= most } }
        return Set(few + largestFirst.suffix(1))
    }

    /// The size whose graph would serve a step; reads host state only.
    func size(for live: StepSize) -> StepSize? { entry(for: live)?.size }

    /// Pads the slots, lets `prepare` plan for the graph's size, brings all to the device and replays. Nil, and nothing done, if no graph has room.
    func replay(
        _ live: StepSize, slots: SlotRegistry, on stream: Stream,
        prepare: (StepSize) throws(DeviceError) -> Void = { (_) throws(DeviceError) in }
    ) throws(DeviceError) -> StepSize? {
        guard let entry = entry(for: live) else { return nil }
        slots.pad(from: live, to: entry.size)
        try prepare(entry.size)
        slots.upload()
        stream.replay(entry.graph)
        return entry.size
    }

    /// Why no graph serves a step.
    func reason(for live: StepSize, asked: Bool) -> EagerReason {
        if isEmpty { return .graphsOff }
        if asked { return .asked }
        return entries.contains { hasRoom($0, for: live) } ? .paddingOff : .noGraphHasRoom
    }

    private func hasRoom(_ entry: Entry, for live: StepSize) -> Bool {
        entry.size.tokens >= live.tokens && entry.size.rows >= live.rows && entry.size.groups >= live.groups
    }

    private func entry(for live: StepSize) -> Entry? {
        entries.last {
            hasRoom($0, for: live) && (pads || $0.size.tokens == live.tokens && $0.size.rows == live.rows)
        }
    }
}
