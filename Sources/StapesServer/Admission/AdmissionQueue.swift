/// Decides which requests are worked on, which wait, and which are refused. Integers and a queue: it knows no request
/// and no clock.
///
/// A request costs bytes. Those that are worked on together cost no more than there are, but one alone may cost more.
/// Among those that wait the lowest priority number goes first, and of equals who came first; nobody overtakes a request
/// that is too large for now, so that a large one gets its turn.
package struct AdmissionQueue: Sendable {
    /// Names a request.
    package struct Ticket: Sendable, Hashable {
        package let number: Int

        package init(number: Int) { self.number = number }
    }

    package enum Answer: Sendable, Hashable {
        case admitted
        case queued
        case refused
    }

    private let activeLimit: Int
    private let byteLimit: Int
    private let queueLimit: Int

    private struct Waiting {
        let ticket: Ticket
        let cost: Int
        let priority: Int
    }

    private var active: [Ticket: Int] = [:]
    private var activeBytes = 0
    private var waiting: [Waiting] = []

    package init(activeLimit: Int, byteLimit: Int, queueLimit: Int) {
        self.activeLimit = activeLimit
        self.byteLimit = byteLimit
        self.queueLimit = queueLimit
    }

    package var activeCount: Int { active.count }
    package var waitingCount: Int { waiting.count }

    package func isActive(_ ticket: Ticket) -> Bool { active[ticket] != nil }

    /// A request that came now would be refused.
    package var isFull: Bool { waiting.count >= queueLimit && !(waiting.isEmpty && active.count < activeLimit) }

    private func fits(_ cost: Int) -> Bool {
        active.isEmpty || active.count < activeLimit && activeBytes + cost <= byteLimit
    }

    package mutating func enter(_ ticket: Ticket, cost: Int, priority: Int) -> Answer {
        if waiting.isEmpty, fits(cost) {
            admit(ticket, cost)
            return .admitted
        }
        guard waiting.count < queueLimit else { return .refused }
        let place = waiting.firstIndex { $0.priority > priority } ?? waiting.endIndex
        waiting.insert(Waiting(ticket: ticket, cost: cost, priority: priority), at: place)
        return .queued
    }

    /// The request is done, or was taken back while it waited.
    ///
    /// - Returns: those whose turn it is now.
    package mutating func leave(_ ticket: Ticket) -> [Ticket] {
        if let cost = active.removeValue(forKey: ticket) {
            activeBytes -= cost
        } else {
            waiting.removeAll { $0.ticket == ticket }
        }
        var admitted: [Ticket] = []
        while let first = waiting.first, fits(first.cost) {
            waiting.removeFirst()
            admit(first.ticket, first.cost)
            admitted.append(first.ticket)
        }
        return admitted
    }

    private mutating func admit(_ ticket: Ticket, _ cost: Int) {
        active[ticket] = cost
        activeBytes += cost
    }
}
