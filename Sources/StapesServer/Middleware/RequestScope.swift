import HTTPTypes
import Hummingbird
import NIOCore
import StapesAPI
import Synchronization

/// What belongs to one request on its way through the server.
final class RequestScope: Sendable {
    /// The client's own, or one that was made for it.
    let id: String
    let start = ContinuousClock.now
    /// The body has been read to its end, so that the connection can go on after any answer.
    let bodyIsRead = Atomic<Bool>(false)

    init(id: String) { self.id = id }

    static let idHeader = HTTPField.Name("x-request-id")!

    /// - Parameter proposed: what the client calls its request. It stands in logs and headers, so it is short and plain.
    static func id(proposed: String?) -> String {
        if let proposed, (1...128).contains(proposed.utf8.count),
            proposed.utf8.allSatisfy({ byte in
                UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
                    || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte || "-_.:".utf8.contains(byte)
            })
        {
            return proposed
        }
        return "req_" + (0..<2).map { _ in UInt64.random(in: .min ... .max).hexDigits(16) }.joined()
    }
}

/// The context of Hummingbird's handlers.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    var scope: RequestScope

    init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
        scope = RequestScope(id: "")
    }

    /// Whether the client at the other end is there.
    func presence() async throws -> ClientPresence {
        let channel = channel
        return try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: ConnectionHandler.self).presence
        }.get()
    }
}
