import Synchronization

/// The samples of a turn, from the session to its one listener, who gets all that waits at once.
///
/// It holds what the listener has not taken; the session's limit bounds it.
package final class TurnAudio: AsyncSequence, Sendable {
    package typealias Element = [Float]
    package typealias Failure = CancellationError

    private struct State {
        var samples: [Float] = []
        var hasEnded = false
        var isCancelled = false
        var listener: CheckedContinuation<Void, Never>?

        var waits: Bool { samples.isEmpty && !hasEnded && !isCancelled }
    }

    private let state = Mutex(State())

    package init() {}

    /// Adds samples. After the end it does nothing.
    package func add(_ samples: [Float]) {
        change { state in
            if !state.hasEnded, !state.isCancelled { state.samples += samples }
        }
    }

    /// The turn is over. The listener gets what is there, then nil.
    package func end() { change { $0.hasEnded = true } }

    /// Nobody wants the turn any more. The listener gets an error.
    package func cancel() {
        change {
            $0.isCancelled = true
            $0.samples = []
        }
    }

    package var isCancelled: Bool { state.withLock { $0.isCancelled } }

    private func change(_ body: (inout State) -> Void) {
        let listener = state.withLock { state in
            body(&state)
            guard !state.waits else { return CheckedContinuation<Void, Never>?.none }
            defer { state.listener = nil }
            return state.listener
        }
        listener?.resume()
    }

    fileprivate func next() async throws(CancellationError) -> [Float]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (listener: CheckedContinuation<Void, Never>) in
                let waits = state.withLock { state in
                    precondition(state.listener == nil, "a turn has one listener")
                    if state.waits { state.listener = listener }
                    return state.waits
                }
                if !waits { listener.resume() }
            }
        } onCancel: {
            cancel()
        }
        let (samples, isCancelled) = state.withLock { state in
            defer { state.samples = [] }
            return (state.samples, state.isCancelled)
        }
        if isCancelled { throw CancellationError() }
        return samples.isEmpty ? nil : samples
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(audio: self) }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let audio: TurnAudio

        package mutating func next() async throws(CancellationError) -> [Float]? { try await audio.next() }

        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(CancellationError) -> [Float]? {
            try await audio.next()
        }
    }
}
