/// What a window is part of: one file, one stream, one request. Windows of one job share its turn, whatever their
/// number.
package struct Job: Sendable, Hashable {
    /// Names the job. Those of 0 belong to no job that anyone has begun; they share one turn.
    package let number: Int
    /// Lower goes first, strictly: as long as something of a lower number waits, nothing of a higher one is begun. How
    /// long that may last is not bounded; nothing ages.
    package let priority: Int

    package init(number: Int = 0, priority: Int = 0) {
        self.number = number
        self.priority = priority
    }

    /// Whether it has a number of its own.
    var isNamed: Bool { number != 0 }
}
