/// Names of a session and of what belongs to it. They are told apart by a count, and from other sessions' by 64 random
/// bits.
package struct RealtimeIDs: Sendable, Hashable {
    private let session: String
    private var eventCount = 0
    private var itemCount = 0

    package init(seed: UInt64 = .random(in: .min ... .max)) {
        session = seed.hexDigits(16)
    }

    package var sessionID: String { "sess_\(session)" }

    package mutating func nextEvent() -> String {
        eventCount += 1
        return "event_\(session)_\(eventCount)"
    }

    package mutating func nextItem() -> String {
        itemCount += 1
        return "item_\(session)_\(itemCount)"
    }
}
