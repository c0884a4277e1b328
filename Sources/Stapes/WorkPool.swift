import Dispatch
import Synchronization

/// A few threads for work that would block Swift's own: decoding audio, computing log-mel.
///
/// Work waits in one line and goes to whichever thread is free, so that one file that cannot be read for a while
/// holds up one thread and not those behind it. Work whose task is cancelled before it begins is never begun, and what
/// has begun can look whether anyone still waits for it.
package final class WorkPool: Sendable {
    /// Whether nobody waits for the work any more.
    package typealias IsCancelled = @Sendable () -> Bool

    private final class Ticket: Sendable {
        private let flag = Atomic(false)

        var isCancelled: Bool { flag.load(ordering: .relaxed) }

        func cancel() { flag.store(true, ordering: .relaxed) }
    }

    private struct Work: Sendable {
        let ticket: Ticket
        let begin: @Sendable () -> Void
        /// Answers instead.
        let refuse: @Sendable () -> Void

        func perform() { ticket.isCancelled ? refuse() : begin() }
    }

    private struct State {
        var waiting: [Work] = []
        var idle: Int
    }

    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "stapes.work", attributes: .concurrent)

    package init(width: Int) { state = Mutex(State(idle: width)) }

    /// - Parameter work: is given a look at whether the task has been cancelled meanwhile.
    /// - Throws: what the work throws; `cancelled` if the task is cancelled before the work has begun.
    package func run<Success: Sendable>(
        _ work: @escaping @Sendable (_ isCancelled: @escaping IsCancelled) throws(StapesError) -> Success
    ) async throws(StapesError) -> Success {
        let ticket = Ticket()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Success, StapesError>, Never>) in
                submit(
                    Work(
                        ticket: ticket,
                        begin: {
                            let result = Result { () throws(StapesError) in try work { ticket.isCancelled } }
                            continuation.resume(returning: result)
                        },
                        refuse: {
                            continuation.resume(
                                returning: .failure(StapesError(.cancelled, "the task was cancelled")))
                        }))
            }
        } onCancel: {
            ticket.cancel()
            drop(ticket)
        }
        return try result.get()
    }

    private func submit(_ work: Work) {
        // A cancellation marks the ticket before it looks for the work in line: one of the two looks sees the other.
        enum Fate { case starts, waits, refused }
        let fate = state.withLock { state -> Fate in
            guard !work.ticket.isCancelled else { return .refused }
            guard state.idle > 0 else {
                state.waiting.append(work)
                return .waits
            }
            state.idle -= 1
            return .starts
        }
        switch fate {
        case .starts: queue.async { self.work(on: work) }
        case .waits: break
        case .refused: work.refuse()
        }
    }

    /// Takes work out of the line whose task has been cancelled.
    private func drop(_ ticket: Ticket) {
        let dropped = state.withLock { state in
            state.waiting.firstIndex { $0.ticket === ticket }.map { state.waiting.remove(at: $0) }
        }
        dropped?.refuse()
    }

    /// One thread's turn: this work, then whatever waits.
    private func work(on first: Work) {
        var next: Work? = first
        while let work = next {
            work.perform()
            next = state.withLock { state in
                if state.waiting.isEmpty {
                    state.idle += 1
                    return nil
                }
                return state.waiting.removeFirst()
            }
        }
    }
}
