/// Who waits, and whose turn it is: by priority, then fairly among jobs, then in the order of arrival.
///
/// Fair queueing by virtual time. The clock, in encoder positions, runs as fast as a job is served that shares the
/// encoder with all who wait: by the cost of what is begun over the number of jobs in line. Each job has a time at
/// which its next window is due; the earliest goes first, and is then due later by what its window cost. So a job that
/// brings many windows at once is due far ahead of the clock, and one that joins is due now: it waits for about one
/// window of every other job. A job that was away gets no credit: it is never due before now.
package struct FairLine: Sendable {
    private struct Lane: Sendable {
        /// In the order of arrival.
        var waiting: [SequenceID] = []
        /// When its next window is due.
        var due: Int
    }

    private var lanes: [Job: Lane] = [:]
    /// Virtual time.
    private var now = 0
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    package mutating func append(_ id: SequenceID, of job: Job) {
        var lane = lanes.removeValue(forKey: job) ?? Lane(due: now)
        if lane.waiting.isEmpty { lane.due = max(lane.due, now) }
        lane.waiting.append(id)
        lanes[job] = lane
        count += 1
    }

    /// Takes one out that gives up; its job has had nothing for it.
    package mutating func remove(_ id: SequenceID, of job: Job) {
        guard let index = lanes[job]?.waiting.firstIndex(of: id) else { return }
        lanes[job]?.waiting.remove(at: index)
        count -= 1
        forgetIdle()
    }

    /// Takes one out whose turn it is.
    ///
    /// - Parameter cost: positions that will be encoded for it.
    package mutating func begin(_ id: SequenceID, of job: Job, cost: Int) {
        let jobs = lanes.values.count { !$0.waiting.isEmpty }
        guard let index = lanes[job]?.waiting.firstIndex(of: id) else { return }
        lanes[job]?.waiting.remove(at: index)
        lanes[job]?.due += cost
        count -= 1
        now += cost / max(1, jobs)
        forgetIdle()
    }

    /// Whose turn it is.
    package var first: SequenceID? { earliest { $0.first } }

    /// The first of those that `fits` holds for, in the same order.
    ///
    /// - Complexity: looks at everyone.
    package func first(where fits: (SequenceID) -> Bool) -> SequenceID? {
        earliest { $0.first(where: fits) }
    }

    /// The first of what `choose` takes from each job.
    private func earliest(_ choose: ([SequenceID]) -> SequenceID?) -> SequenceID? {
        var best: (priority: Int, due: Int, id: SequenceID)?
        for (job, lane) in lanes {
            guard let id = choose(lane.waiting) else { continue }
            let candidate = (priority: job.priority, due: lane.due, id: id)
            if best.map({ candidate < $0 }) ?? true { best = candidate }
        }
        return best?.id
    }

    /// A job that has nothing in line and would be due in the past is like one that never was.
    private mutating func forgetIdle() {
        for (job, lane) in lanes where lane.waiting.isEmpty && lane.due <= now { lanes[job] = nil }
    }
}
