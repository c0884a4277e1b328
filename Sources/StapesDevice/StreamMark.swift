import CUDADriver

/// A place in a stream's order that the host can wait for. On the CPU it is reached when it is set.
package final class StreamMark {
    private let event: OpaquePointer?
    private let queue: CUDAQueue?
    private var isSet = false

    /// - Throws: `outOfMemory`, `failed`.
    package init(for stream: Stream) throws(DeviceError) {
        queue = stream.queue
        event = try queue?.context.makeEvent()
    }

    deinit {
        guard let event, let queue else { return }
        queue.context.use()
        _ = queue.context.functions.event_destroy(event)
    }

    func set() {
        guard let event, let queue else { return }
        queue.record(event)
        isSet = true
    }

    /// Whether all before the mark is done, or can never be.
    package var isReached: Bool {
        guard let event, let queue, isSet else { return true }
        return queue.isReached(event)
    }

    /// Blocks the host until all before the mark is done. A failure shows in the stream's `check`.
    package func wait() {
        guard let event, let queue, isSet else { return }
        queue.synchronize(with: event)
    }
}
