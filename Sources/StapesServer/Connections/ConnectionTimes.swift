/// When a connection has been silent or slow for too long. A struct that is told what comes and asks for no clock.
package struct ConnectionTimes: Sendable {
    package enum Verdict: Sendable, Hashable {
        /// Look again then; nanoseconds of the clock that the events are timed by.
        case wait(until: Int64)
        /// Nobody is waiting for an answer.
        case close
        /// A request is on its way and too slow.
        case tooSlow
        /// The server itself is at work.
        case atWork
    }

    private enum Phase: Sendable {
        /// No request, or part of a head.
        case head(since: Int64)
        case body(since: Int64, last: Int64, byteCount: Int)
        case answer
    }

    private let headNanoseconds: Int64
    private let idleNanoseconds: Int64
    private let bytesPerSecond: Int
    private var phase: Phase
    /// The first head has the time of a head, later ones may be long in coming.
    private var isFirst = true

    package init(_ limits: ServerLimits, now: Int64) {
        headNanoseconds = Int64(limits.headSeconds * 1e9)
        idleNanoseconds = Int64(limits.idleSeconds * 1e9)
        bytesPerSecond = limits.bodyBytesPerSecond
        phase = .head(since: now)
    }

    package mutating func headArrived(now: Int64) { phase = .body(since: now, last: now, byteCount: 0) }

    package mutating func bodyArrived(byteCount: Int, now: Int64) {
        guard case .body(let since, _, let count) = phase else { return }
        phase = .body(since: since, last: now, byteCount: count + byteCount)
    }

    /// A request that was answered before its end is over already.
    package mutating func requestEnded() {
        guard case .body = phase else { return }
        phase = .answer
    }

    package mutating func answered(now: Int64) {
        phase = .head(since: now)
        isFirst = false
    }

    package func verdict(now: Int64) -> Verdict {
        switch phase {
        case .head(let since):
            let deadline = since + (isFirst ? headNanoseconds : idleNanoseconds)
            return now >= deadline ? .close : .wait(until: deadline)
        case .body(let since, let last, let count):
            let silent = last + idleNanoseconds
            if now >= silent { return .tooSlow }
            let sent = Int64(Double(count) / Double(max(1, bytesPerSecond)) * 1e9)
            // The rate counts once there has been time for one.
            let deadline = since + idleNanoseconds + sent
            if now >= deadline { return .tooSlow }
            return .wait(until: min(silent, deadline))
        case .answer: return .atWork
        }
    }
}
