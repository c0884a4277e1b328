/// What is heard in live audio, while it is spoken and for good.
///
///     for try await result in transcriber.live(microphone) {
///         if result.isFinal { print(result.text) } else { showForNow(result.text) }
///     }
///
/// Listening starts with an iterator. It waits for the loop after a few results, and the audio waits for it: what is
/// recorded in real time is best buffered by its sequence. Leaving the loop or cancelling its task stops the work at the
/// engine's next step.
///
/// An error is thrown once; after it, as after the end, there is nil. Codes: `audio` with the error of the audio's own
/// sequence, `model`, `invalidOption`, `cancelled`, `overloaded`, `engine`.
public struct LiveSequence: AsyncSequence, Sendable {
    public typealias Element = LiveResult
    public typealias Failure = StapesError

    typealias Sink = @Sendable (LiveResult) async -> Void

    /// Results that may wait for the loop.
    private static let resultsAhead = 2

    private let run: @Sendable (_ onResult: @escaping Sink) async throws(StapesError) -> Void

    init(run: @escaping @Sendable (_ onResult: @escaping Sink) async throws(StapesError) -> Void) {
        self.run = run
    }

    /// Begins to listen.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(feed: Feed(capacity: Self.resultsAhead, produce: run))
    }

    /// Hands out the results of one stretch of listening.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let feed: Feed<LiveResult>

        /// Waits for the next element; nil after the last, and after an error.
        public mutating func next() async throws(StapesError) -> LiveResult? { try await feed.next() }

        /// The same from an actor.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(StapesError) -> LiveResult? {
            try await feed.next()
        }
    }
}
