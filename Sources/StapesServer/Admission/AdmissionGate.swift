import StapesAPI
import Synchronization

/// Where requests wait for their turn.
final class AdmissionGate: Sendable {
    private typealias Turn = CheckedContinuation<Entry, Never>

    private enum Entry: Sendable {
        case admitted
        case refused(APIError)
        case withdrawn
    }

    private struct State {
        var queue: AdmissionQueue
        var turns: [AdmissionQueue.Ticket: Turn] = [:]
        /// Taken back before they had begun to wait.
        var withdrawn: Set<AdmissionQueue.Ticket> = []
        var isClosed = false
    }

    private let state: Mutex<State>
    private let nextNumber = Atomic<Int>(0)
    private let metrics: ServerMetrics

    init(_ limits: ServerLimits, metrics: ServerMetrics) {
        state = Mutex(
            State(
                queue: AdmissionQueue(
                    activeLimit: limits.activeRequests, byteLimit: limits.activeBytes,
                    queueLimit: limits.queuedRequests)))
        self.metrics = metrics
    }

    /// No request is let in any more; those that wait go on waiting.
    func close() { state.withLock { $0.isClosed = true } }

    /// - Throws: `unavailable`.
    func checkOpen() throws(APIError) {
        if state.withLock({ $0.isClosed }) { throw Self.closed }
    }

    /// Tells a client before its upload that it would be refused after it.
    ///
    /// - Throws: `queueFull`, `unavailable`.
    func checkRoom() throws(APIError) {
        let refusal = state.withLock { $0.isClosed ? Self.closed : $0.queue.isFull ? Self.full : nil }
        if let refusal { throw refusal }
    }

    /// Waits for the turn. Whoever enters has to leave.
    ///
    /// - Parameter cost: bytes that the work will take.
    /// - Throws: `queueFull`, `unavailable`, or `CancellationError`.
    func enter(cost: Int, priority: Int) async throws -> AdmissionQueue.Ticket {
        let start = ContinuousClock.now
        let ticket = AdmissionQueue.Ticket(number: nextNumber.wrappingAdd(1, ordering: .relaxed).newValue)
        let entry = await withTaskCancellationHandler {
            await withCheckedContinuation { (turn: Turn) in
                if let entry = begin(ticket, cost: cost, priority: priority, turn) { turn.resume(returning: entry) }
            }
        } onCancel: {
            withdraw(ticket)
        }
        // A cancellation that came when it was refused already.
        state.withLock { _ = $0.withdrawn.remove(ticket) }
        switch entry {
        case .admitted:
            metrics.waited(ContinuousClock.now - start)
            return ticket
        case .refused(let error): throw error
        case .withdrawn: throw CancellationError()
        }
    }

    func leave(_ ticket: AdmissionQueue.Ticket) {
        let turns = state.withLock { state in
            let admitted = state.queue.leave(ticket)
            metrics.queue(waiting: state.queue.waitingCount, active: state.queue.activeCount)
            return admitted.compactMap { state.turns.removeValue(forKey: $0) }
        }
        for turn in turns { turn.resume(returning: .admitted) }
    }

    /// - Returns: how it ended, nil for a request that waits.
    private func begin(_ ticket: AdmissionQueue.Ticket, cost: Int, priority: Int, _ turn: Turn) -> Entry? {
        state.withLock { state in
            guard state.withdrawn.remove(ticket) == nil else { return .withdrawn }
            guard !state.isClosed else { return .refused(Self.closed) }
            defer { metrics.queue(waiting: state.queue.waitingCount, active: state.queue.activeCount) }
            switch state.queue.enter(ticket, cost: cost, priority: priority) {
            case .admitted: return .admitted
            case .refused: return .refused(Self.full)
            case .queued:
                state.turns[ticket] = turn
                return nil
            }
        }
    }

    private func withdraw(_ ticket: AdmissionQueue.Ticket) {
        let turn = state.withLock { state -> Turn? in
            // Once it is in, it leaves like any other.
            guard !state.queue.isActive(ticket) else { return nil }
            guard let turn = state.turns.removeValue(forKey: ticket) else {
                state.withdrawn.insert(ticket)
                return nil
            }
            return turn
        }
        guard let turn else { return }
        leave(ticket)
        turn.resume(returning: .withdrawn)
    }

    private static let closed = APIError(.unavailable, "The server is about to end and takes no more requests.")
    private static let full = APIError(.queueFull, "Too many requests are waiting; try again later.")
}
