/// The events of one file while it is transcribed: its language if it was detected, segments, progress, and statistics
/// at last.
///
///     for try await case .segment(let segment) in transcriber.segments(.file(path: "talk.mp3")) {
///         print(segment.text)
///     }
///
/// Work starts with an iterator, and each iterator does its own. It stays a few events ahead of the loop and then waits
/// for it. Leaving the loop or cancelling its task stops the work at the engine's next step.
///
/// An error is thrown once, with the codes of `Transcriber.transcribe`; after it, as after the end, there is nil.
public struct SegmentSequence: AsyncSequence, Sendable {
    public typealias Element = TranscriptionEvent
    public typealias Failure = StapesError

    /// Events that may wait for the loop.
    private static let eventsAhead = 4

    private let run: @Sendable (_ onEvent: @escaping EventSink) async throws(StapesError) -> Void

    init(run: @escaping @Sendable (_ onEvent: @escaping EventSink) async throws(StapesError) -> Void) {
        self.run = run
    }

    /// Begins to transcribe.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(feed: Feed(capacity: Self.eventsAhead, produce: run))
    }

    /// Hands out the events of one walk through the file.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let feed: Feed<TranscriptionEvent>

        /// Waits for the next element; nil after the last, and after an error.
        public mutating func next() async throws(StapesError) -> TranscriptionEvent? { try await feed.next() }

        /// The same from an actor.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(StapesError)
            -> TranscriptionEvent?
        {
            try await feed.next()
        }
    }
}

/// Takes one event; returning late delays the file.
typealias EventSink = @Sendable (TranscriptionEvent) async -> Void
