import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// A connection: HTTP, or WebSocket if its first request asks for a realtime session and may have one.
struct ServerChannel: HTTPChannelHandler {
    let responder: HTTPChannelHandler.Responder
    let limits: ServerLimits
    let sessions: RealtimeSessions

    /// Of a request's head, which is held before anybody has shown a key.
    private static let headBytes = 64 << 10
    private static let headFieldBytes = 16 << 10
    private static let headFields = 100

    enum Negotiated: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case realtime(NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, RealtimeAdmission.Request)
    }

    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let negotiated: EventLoopFuture<Negotiated>
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let operations = channel.pipeline.syncOperations
            let encoder = HTTPResponseEncoder()
            var heads = NIOHTTPDecoderLimitConfiguration()
            heads.maxHeaderFieldSize = Self.headFieldBytes
            heads.maxHeaderListSize = Self.headBytes
            heads.maxHeaderFieldCount = Self.headFields
            // Bytes behind a request that changes to WebSocket are frames.
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: heads))
            let errors = HTTPServerProtocolErrorHandler()
            let promise = channel.eventLoop.makePromise(of: Negotiated.self)
            let negotiation = NegotiationHandler(seconds: limits.headSeconds, promise: promise) { head, context in
                guard sessions.takes(head) else {
                    // Hummingbird answers what cannot be read itself, and in its turn.
                    context.pipeline.syncOperations.removeHandler(errors, promise: nil)
                    return try http(context, logger)
                }
                return try realtime(context, encoder: encoder, removing: [decoder, errors])
            }
            try operations.addHandler(encoder)
            try operations.addHandler(decoder)
            try operations.addHandler(errors)
            try operations.addHandler(negotiation)
            return Value(channel: channel, negotiated: promise.futureResult)
        }
    }

    private func http(_ context: ChannelHandlerContext, _ logger: Logger) throws -> EventLoopFuture<Negotiated> {
        let operations = context.pipeline.syncOperations
        try operations.addHandler(HTTP1ToHTTPServerCodec(secure: false))
        try operations.addHandler(ConnectionHandler(limits: limits))
        try operations.addHandler(HTTPConnectionStateHandler(idleTimeout: nil, logger: logger))
        let channel = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
            wrappingChannelSynchronously: context.channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        return context.eventLoop.makeSucceededFuture(.http(channel))
    }

    private func realtime(
        _ context: ChannelHandlerContext, encoder: HTTPResponseEncoder, removing others: [any RemovableChannelHandler]
    ) throws -> EventLoopFuture<Negotiated> {
        let upgrade = NIOTypedHTTPServerUpgradeHandler(
            httpEncoder: encoder, extraHTTPHandlers: others,
            upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
                upgraders: [sessions.upgrader()],
                notUpgradingCompletionHandler: { channel in channel.eventLoop.makeFailedFuture(NotUpgraded()) }))
        try context.pipeline.syncOperations.addHandler(upgrade)
        return upgrade.upgradeResultFuture
    }

    private struct NotUpgraded: Error {}

    func handle(value: Value, logger: Logger) async {
        let negotiated: Negotiated
        do {
            negotiated = try await value.negotiated.get()
        } catch {
            // The connection ended before its first request was whole.
            value.channel.close(promise: nil)
            return
        }
        switch negotiated {
        case .http(let channel): await handleHTTP(asyncChannel: channel, logger: logger)
        case .realtime(let channel, let request): await sessions.run(channel, request)
        }
    }
}
