import Synchronization

/// Keeps an upload's bytes for as long as somebody reads them.
final class SpoolOwner: Sendable {
    private let spool: Mutex<Spool?>

    init(_ spool: sending Spool) { self.spool = Mutex(spool) }

    func release() { spool.withLock { $0 = nil } }
}
