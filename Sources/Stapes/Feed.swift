/// A task that produces, and the few elements on their way from it to an iterator.
///
/// The task waits when it is far enough ahead, and is cancelled when the iterator is gone or its task is cancelled.
package final class Feed<Element: Sendable>: Sendable {
    /// Takes one element; returns when there is room for the next.
    package typealias Sink = @Sendable (Element) async -> Void

    private let line: BoundedLine<Element>
    private let task: Task<Void, Never>

    /// Starts to produce.
    ///
    /// - Parameter produce: sends one element at a time.
    package init(
        capacity: Int,
        produce: @escaping @Sendable (_ send: @escaping Sink) async throws(StapesError) -> Void
    ) {
        let line = BoundedLine<Element>(capacity: capacity)
        self.line = line
        task = Task {
            do throws(StapesError) {
                try await produce { await line.send($0) }
                line.finish(nil)
            } catch {
                line.finish(error)
            }
        }
    }

    deinit { cancel() }

    /// The next element; nil after the last, and after an error, which is thrown once.
    ///
    /// - Throws: what the producer threw, or `cancelled`.
    package func next() async throws(StapesError) -> Element? {
        let result = await withTaskCancellationHandler {
            await line.next()
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    private func cancel() {
        // The iterator is not kept waiting by a producer that takes its time to end.
        line.cancel()
        task.cancel()
    }
}
