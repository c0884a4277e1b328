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
        let count = state.withLock { state -> Int? in
            guard state.uploads < limits.uploads else { return nil }
            state.uploads += 1
            return state.uploads
        }
        guard let count else { throw APIError(.queueFull, "Too many uploads at once; try again later.") }
        metrics.uploads(count)
    }

    func endUpload() {
        metrics.uploads(
            state.withLock { state in
                state.uploads -= 1
                return state.uploads
            })
    }

    /// - Throws: `unavailable`.
    func take(_ byteCount: Int) throws(APIError) {
        let bytes = state.withLock { state -> Int? in
            guard state.bytes + byteCount <= limits.spoolBytes else { return nil }
            state.bytes += byteCount
            return state.bytes
        }
        guard let bytes else { throw APIError(.unavailable, "There is no room for more uploads; try again later.") }
        metrics.spooled(bytes: bytes)
    }

    func give(back byteCount: Int) {
        metrics.spooled(
            bytes: state.withLock { state in
                state.bytes -= byteCount
                return state.bytes
            })
    }
}
