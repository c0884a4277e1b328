import Synchronization

/// Who is let into an engine: one door for all of its loops. A job that was let in by one is refused by none, since what
/// it has done already would be for nothing.
package final class Entrance: Sendable {
    private struct State {
        /// Jobs that have been let in, until they end.
        var jobs: Set<Int> = []
        /// Sequences that no loop has begun yet.
        var waiting = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: sequences that may wait before a job is refused.
    package init(limit: Int) { self.limit = limit }

    /// Two loops that ask at once may both get the last place.
    func admits(_ job: Job) -> Bool { state.withLock { $0.waiting < limit || $0.jobs.contains(job.number) } }

    func begin(_ job: Job) {
        if job.isNamed { state.withLock { _ = $0.jobs.insert(job.number) } }
    }

    func end(_ job: Job) { state.withLock { _ = $0.jobs.remove(job.number) } }

    /// So many more wait, or less than zero.
    func count(_ difference: Int) { state.withLock { $0.waiting += difference } }
}
