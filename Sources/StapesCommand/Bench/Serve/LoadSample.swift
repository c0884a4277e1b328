/// What became of one request.
package struct LoadSample: Sendable {
    package enum Outcome: Sendable, Equatable {
        case text(String)
        /// An answer that is no transcript; status 0: none at all.
        case failed(status: Int, cause: String)
        /// Hung up on, as asked for.
        case abandoned
    }

    /// Index of the file.
    package let item: Int
    package let start: ContinuousClock.Instant
    package let end: ContinuousClock.Instant
    package let outcome: Outcome

    package init(
        item: Int, start: ContinuousClock.Instant, end: ContinuousClock.Instant, outcome: Outcome
    ) {
        self.item = item
        self.start = start
        self.end = end
        self.outcome = outcome
    }

    package var seconds: Double { start.duration(to: end).seconds }
}
