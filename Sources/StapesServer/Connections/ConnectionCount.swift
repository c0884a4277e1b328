import HummingbirdCore
import Synchronization

/// How many connections there are, and no more than there may be: the others wait in the system's queue.
final class ConnectionCount: AvailableConnectionsDelegate {
    private let count = Mutex(0)
    private let limit: Int
    private let metrics: ServerMetrics

    init(limit: Int, metrics: ServerMetrics) {
        self.limit = limit
        self.metrics = metrics
    }

    func connectionOpened() { change(by: 1) }

    func connectionClosed() { change(by: -1) }

    func isAcceptingNewConnections() -> Bool { count.withLock { $0 < limit } }

    private func change(by difference: Int) {
        count.withLock { count in
            count += difference
            metrics.connections(count)
        }
    }
}
