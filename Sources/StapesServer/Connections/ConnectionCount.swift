import HummingbirdCore
import Synchronization

/// How many connections there are, and no more than there may be: the others wait in the system's queue.
final class ConnectionCount: AvailableConnectionsDelegate {
    private let count = Atomic<Int>(0)
    private let limit: Int
    private let metrics: ServerMetrics

    init(limit: Int, metrics: ServerMetrics) {
        self.limit = limit
        self.metrics = metrics
    }

    func connectionOpened() { metrics.connections(count.add(1, ordering: .relaxed).newValue) }

    func connectionClosed() { metrics.connections(count.subtract(1, ordering: .relaxed).newValue) }

    func isAcceptingNewConnections() -> Bool { count.load(ordering: .relaxed) < limit }
}
