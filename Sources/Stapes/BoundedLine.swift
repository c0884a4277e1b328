import Synchronization

/// Elements from a producer or a few to one consumer, in order; never more than the capacity and one a producer.
///
/// A producer whose task is cancelled does not wait, and the line goes on without it.
package final class BoundedLine<Element: Sendable>: Sendable {
    private typealias Waiting = CheckedContinuation<Void, Never>

    private enum Ending {
        case open
        case ended
        case failed(StapesError)
    }

    private struct Producer {
        let number: Int
        let waiting: Waiting
    }

    private struct State {
        var elements: [Element] = []
        var ending = Ending.open
        var consumers: [Waiting] = []
        var producers: [Producer] = []
        var sendCount = 0

        var isOpen: Bool { if case .open = ending { true } else { false } }

        /// Those to wake.
        mutating func everyone() -> [Waiting] {
            defer { (consumers, producers) = ([], []) }
            return consumers + producers.map(\.waiting)
        }

        /// Nil if another consumer was faster.
        mutating func take() -> (Result<Element?, StapesError>?, Waiting?) {
            if !elements.isEmpty {
                let element = elements.removeFirst()
                return (.success(element), producers.isEmpty ? nil : producers.removeFirst().waiting)
            }
            switch ending {
            case .open: return (nil, nil)
            case .ended: return (.success(nil), nil)
            case .failed(let error):
                ending = .ended
                return (.failure(error), nil)
            }
        }
    }

    private let state = Mutex(State())
    private let capacity: Int

    package init(capacity: Int) {
        precondition(capacity > 0, "a line holds an element at least")
        self.capacity = capacity
    }

    /// Adds an element and returns when there is room for another. To a line that has ended it adds nothing, nor does a
    /// task that is cancelled to a line that is full.
    package func send(_ element: Element) async {
        let (number, woken) = state.withLock { state in
            state.sendCount += 1
            guard state.isOpen, state.elements.count < capacity || !Task.isCancelled else {
                return (state.sendCount, [Waiting]())
            }
            state.elements.append(element)
            defer { state.consumers = [] }
            return (state.sendCount, state.consumers)
        }
        for one in woken { one.resume() }
        await withTaskCancellationHandler {
            await wait { state, waiting in
                // The handler below may have run before there was anybody to wake.
                guard state.isOpen, state.elements.count >= capacity, !Task.isCancelled else { return false }
                state.producers.append(Producer(number: number, waiting: waiting))
                return true
            }
        } onCancel: {
            wake(producer: number)
        }
    }

    private func wake(producer number: Int) {
        let woken = state.withLock { state in
            state.producers.firstIndex { $0.number == number }.map { state.producers.remove(at: $0) }
        }
        woken?.waiting.resume()
    }

    /// No element follows those that are there.
    package func finish(_ error: StapesError?) {
        end { $0.ending = error.map { .failed($0) } ?? .ended }
    }

    /// Nothing follows, and what is there is dropped.
    package func cancel() {
        end {
            $0.elements = []
            $0.ending = .failed(StapesError(.cancelled, "the task was cancelled"))
        }
    }

    private func end(_ change: (inout State) -> Void) {
        let woken = state.withLock { state in
            guard state.isOpen else { return [Waiting]() }
            change(&state)
            return state.everyone()
        }
        for one in woken { one.resume() }
    }

    /// The next element, nil after the last. An error comes once.
    package func next() async -> Result<Element?, StapesError> {
        while true {
            await wait { state, waiting in
                guard state.isOpen, state.elements.isEmpty else { return false }
                state.consumers.append(waiting)
                return true
            }
            let (result, producer) = state.withLock { $0.take() }
            producer?.resume()
            if let result { return result }
        }
    }

    /// Waits to be woken if `enter` has put down that someone waits.
    private func wait(_ enter: (inout State, Waiting) -> Bool) async {
        await withCheckedContinuation { (waiting: Waiting) in
            let waits = state.withLock { enter(&$0, waiting) }
            if !waits { waiting.resume() }
        }
    }
}
