import StapesAPI
import Synchronization

/// Bytes that all uploads may take together, and how many there may be.
final class SpoolBudget: Sendable {
    private struct State {
        var uploads = 0
        var bytes = 0
    }

    private let state = Mutex(State())
    private let limits: ServerLimits
    private let metrics: ServerMetrics

    init(_ limits: ServerLimits, metrics: ServerMetrics) {
        self.limits = limits
        self.metrics = metrics
    }

    /// - Throws: `queueFull`.
    func beginUpload() throws(APIError) {
        let isIn = state.withLock { state in
            guard state.uploads < limits.uploads else { return false }
            state.uploads += 1
            // Under the lock, as below: told in another order, a gauge would keep a number that is past.
            metrics.uploads(state.uploads)
            return true
        }
        guard isIn else { throw APIError(.queueFull, "Too many uploads at once; try again later.") }
    }

    func endUpload() {
        state.withLock { state in
            state.uploads -= 1
            metrics.uploads(state.uploads)
        }
    }

    /// - Throws: `unavailable`.
    func take(_ byteCount: Int) throws(APIError) {
        let hasRoom = state.withLock { state in
            guard state.bytes + byteCount <= limits.spoolBytes else { return false }
            state.bytes += byteCount
            metrics.spooled(bytes: state.bytes)
            return true
        }
        guard hasRoom else { throw APIError(.unavailable, "There is no room for more uploads; try again later.") }
    }

    func give(back byteCount: Int) {
        state.withLock { state in
            state.bytes -= byteCount
            metrics.spooled(bytes: state.bytes)
        }
    }
}
