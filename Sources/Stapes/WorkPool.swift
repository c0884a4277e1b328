import Dispatch
import Synchronization

/// A few threads for work that would block Swift's own: decoding audio, computing log-mel. Work beyond them waits.
struct WorkPool: Sendable {
    private let queues: [DispatchQueue]
    private let turn = Turn()

    private final class Turn: Sendable {
        let count = Atomic<Int>(0)
    }

    init(width: Int) {
        queues = (0..<width).map { DispatchQueue(label: "stapes.work.\($0)") }
    }

    func run<Success: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () throws(Failure) -> Success
    ) async throws(Failure) -> Success {
        let queue = queues[turn.count.wrappingAdd(1, ordering: .relaxed).oldValue % queues.count]
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Success, Failure>, Never>) in
            queue.async { continuation.resume(returning: Result(catching: work)) }
        }
        return try result.get()
    }
}
