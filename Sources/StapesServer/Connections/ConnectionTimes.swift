/// When a connection has been silent or slow for too long. A struct that is told what comes and asks for no clock.
///
/// Requests may follow one another without waiting for their answers, so it counts those that are owed one.
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

    /// A request that has begun and not ended.
    private struct Body: Sendable {
        let start: Int64
        var last: Int64
        var byteCount = 0
    }

    private let headNanoseconds: Int64
    private let idleNanoseconds: Int64
    private let bytesPerSecond: Int
    private var owed = 0
    private var body: Body?
    /// Since when nobody is owed an answer.
    private var idleSince: Int64
    /// The first head has the time of a head, later ones may be long in coming.
    private var isFirst = true

    package init(_ limits: ServerLimits, now: Int64) {
        headNanoseconds = Int64(limits.headSeconds * 1e9)
        idleNanoseconds = Int64(limits.idleSeconds * 1e9)
        bytesPerSecond = limits.bodyBytesPerSecond
        idleSince = now
    }

    /// Requests that have begun and are not answered.
    package var answersOwed: Int { owed }

    package mutating func headArrived(now: Int64) {
        owed += 1
        isFirst = false
        body = Body(start: now, last: now)
    }

    package mutating func bodyArrived(byteCount: Int, now: Int64) {
        body?.last = now
        body?.byteCount += byteCount
    }

    package mutating func requestEnded() { body = nil }

    /// The last byte of an answer is on its way.
    package mutating func answered(now: Int64) {
        owed = max(0, owed - 1)
        // What is left of a request that was answered before its end is nobody's.
        if owed == 0 { body = nil }
        idleSince = now
    }

    package func verdict(now: Int64) -> Verdict {
        if let body, owed == 1 {
            let silent = body.last + idleNanoseconds
            let sent = Int64(Double(body.byteCount) / Double(bytesPerSecond) * 1e9)
            // The rate counts once there has been time for one.
            let deadline = min(silent, body.start + idleNanoseconds + sent)
            return now >= deadline ? .tooSlow : .wait(until: deadline)
        }
        guard owed == 0 else { return .atWork }
        let deadline = idleSince + (isFirst ? headNanoseconds : idleNanoseconds)
        return now >= deadline ? .close : .wait(until: deadline)
    }
}
