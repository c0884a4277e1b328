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
            let waiting = FirstHeadHandler(seconds: limits.headSeconds)
            try operations.addHandler(waiting)
            var configuration = NIOUpgradableHTTPServerPipelineConfiguration(
                upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
                    upgraders: [sessions.upgrader()],
                    notUpgradingCompletionHandler: { channel in http(channel, logger) }))
            // Requests that follow one another are taken in turn by whoever handles them.
            configuration.enablePipelining = false
            // Header fields are checked where they are made.
            configuration.enableResponseHeaderValidation = false
            let negotiated = try operations.configureUpgradableHTTPServerPipeline(configuration: configuration)
            let bound = NIOLoopBound(waiting, eventLoop: channel.eventLoop)
            negotiated.whenSuccess { _ in
                channel.pipeline.syncOperations.removeHandler(bound.value, promise: nil)
            }
            return Value(channel: channel, negotiated: negotiated)
        }
    }

    private func http(_ channel: any Channel, _ logger: Logger) -> EventLoopFuture<Negotiated> {
        channel.eventLoop.makeCompletedFuture {
            let operations = channel.pipeline.syncOperations
            try operations.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            try operations.addHandler(ConnectionHandler(limits: limits))
            try operations.addHandler(HTTPConnectionStateHandler(idleTimeout: nil, logger: logger))
            return .http(
                try NIOAsyncChannel(
                    wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)))
        }
    }

    func handle(value: Value, logger: Logger) async {
        let negotiated: Negotiated
        do {
            negotiated = try await value.negotiated.get()
        } catch {
            // The connection ended before its first request.
            return
        }
        switch negotiated {
        case .http(let channel): await handleHTTP(asyncChannel: channel, logger: logger)
        case .realtime(let channel, let request): await sessions.run(channel, request)
        }
    }
}
