import Dispatch
import Synchronization

/// A few threads for work that would block Swift's own: decoding audio, computing log-mel.
///
/// Work waits in one line and goes to whichever thread is free, so that one file that cannot be read for a while
/// holds up one thread and not those behind it.
final class WorkPool: Sendable {
    private typealias Work = @Sendable () -> Void

    private struct State {
        var waiting: [Work] = []
        var idle: Int
    }

    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "stapes.work", attributes: .concurrent)

    init(width: Int) { state = Mutex(State(idle: width)) }

    func run<Success: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () throws(Failure) -> Success
    ) async throws(Failure) -> Success {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Success, Failure>, Never>) in
            submit { continuation.resume(returning: Result(catching: work)) }
        }
        return try result.get()
    }

    private func submit(_ work: @escaping Work) {
        let starts = state.withLock { state in
            guard state.idle > 0 else {
                state.waiting.append(work)
                return false
            }
            state.idle -= 1
            return true
        }
        if starts { queue.async { self.work(on: work) } }
    }

    /// One thread's turn: this work, then whatever waits.
    private func work(on first: @escaping Work) {
        var next: Work? = first
        while let work = next {
            work()
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
