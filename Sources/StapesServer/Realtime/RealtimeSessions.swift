import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import NIOWebSocket
import ServiceLifecycle
import StapesAPI
import Tracing

/// Realtime sessions over WebSocket: joins a connection to a conversation.
struct RealtimeSessions: Sendable {
    let admission: RealtimeAdmission
    let logger: Logger

    /// Bytes of a frame: 15 MiB of base64 and what stands around them.
    private static let frameBytes = 21 << 20
    private static let sendSeconds = 30.0

    /// Whether a connection is to change over: its client asks for a session and may have one. One that may not is
    /// answered as a request.
    func takes(_ head: HTTPRequestHead) -> Bool {
        let upgrades = head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
        let isWhole =
            head.method == .GET && head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
            && head.headers[canonicalForm: "sec-websocket-key"].count == 1
            && head.headers[canonicalForm: "sec-websocket-version"] == ["13"]
        return upgrades && isWhole && (try? check(head)) != nil
    }

    /// Changes a connection over that may have a session.
    func upgrader() -> NIOTypedWebSocketServerUpgrader<ServerChannel.Negotiated> {
        NIOTypedWebSocketServerUpgrader(
            maxFrameSize: Self.frameBytes,
            // It would close without a wait for the client: see ClosingHandshake.
            enableAutomaticErrorHandling: false,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    guard (try? check(head)) != nil else { return nil }
                    var headers = HTTPHeaders()
                    // A browser insists on one of the subprotocols that it named, and the key is not to be repeated.
                    if head.headers[canonicalForm: "sec-websocket-protocol"].contains("realtime") {
                        headers.add(name: "sec-websocket-protocol", value: "realtime")
                    }
                    return headers
                }
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    // First: a channel that was made is to be used.
                    let request = try check(head)
                    try channel.pipeline.syncOperations.addHandler(ClosingHandshake())
                    return .realtime(try NIOAsyncChannel(wrappingChannelSynchronously: channel), request)
                }
            })
    }

    /// Runs a session until its client, the server's end or one of its limits ends it.
    func run(
        _ channel: NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, _ request: RealtimeAdmission.Request
    ) async {
        var logger = logger
        logger[metadataKey: "request_id"] = "\(request.requestID)"
        logger.info("realtime session begins")
        let start = ContinuousClock.now
        var ending = "connection lost"
        do {
            try await channel.executeThenClose { [logger] inbound, outbound in
                // Whatever has become of this task, the client is told.
                func say(_ last: WebSocketFrame) { channel.channel.writeAndFlush(last, promise: nil) }
                let hasRoom = await admission.hold {
                    do {
                        let (reason, last) = try await converse(inbound, outbound, request, logger)
                        if let last { say(last) }
                        ending = reason
                    } catch {
                        ending = "not possible: \(error)"
                        say(.closing(.unexpectedServerError))
                    }
                }
                guard !hasRoom else { return }
                ending = "no room"
                say(.closing(.tryAgainLater))
            }
        } catch {
            // A connection that cannot be closed is lost already.
        }
        let duration = ContinuousClock.now - start
        logger.info("realtime session ended", metadata: ["ending": "\(ending)", "seconds": "\(duration.rounded)"])
    }

    /// - Returns: what ended the session, and the last frame, nil if the client has left.
    private func converse(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>,
        _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>, _ request: RealtimeAdmission.Request,
        _ logger: Logger
    ) async throws(APIError) -> (String, WebSocketFrame?) {
        let state = admission.state
        guard let speech = try await state.speech.service().realtime(serving: state.served) else {
            return ("not supported", .closing(.unexpectedServerError, "no realtime transcription"))
        }
        let (stops, stop) = AsyncStream.makeStream(of: Void.self)
        let ending = await withGracefulShutdownHandler {
            await withSpan("realtime", ofKind: .server) { _ in
                await RealtimeConversation.run(
                    incoming: WebSocketFrames(inbound: inbound, outbound: outbound, byteLimit: Self.frameBytes),
                    speech: speech, configuration: configuration(request, speech), ending: stops,
                    onFailure: { logger.error("a turn failed", metadata: ["cause": "\($0)"]) }
                ) { text in
                    let frame = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text))
                    // A client that takes nothing is as good as gone.
                    try await within(seconds: Self.sendSeconds, orThrow: ClientGone()) {
                        try await outbound.write(frame)
                    }
                }
            }
        } onGracefulShutdown: {
            stop.yield()
        }
        return ("\(ending)", ending == .clientLeft ? nil : .closing(.goingAway, "\(ending)"))
    }

    private func configuration(
        _ request: RealtimeAdmission.Request, _ speech: some LiveSpeech
    ) -> RealtimeConfiguration {
        let limits = admission.state.limits
        var configuration = RealtimeConfiguration(
            settings: RealtimeSettings(
                transcription: RealtimeTranscription(model: request.model),
                turnDetection: speech.voiceActivity == nil ? nil : RealtimeTurnDetection()))
        configuration.limits.idleSeconds = limits.realtimeIdleSeconds
        configuration.limits.sessionSeconds = limits.realtimeSessionSeconds
        return configuration
    }

    private func check(_ head: HTTPRequestHead) throws -> RealtimeAdmission.Request {
        let parts = head.uri.split(separator: "?", maxSplits: 1)
        guard parts.first.map({ $0 == RealtimeAdmission.path }) == true else { throw NotRealtime() }
        return try admission.check(
            HTTPFields(head.headers, splitCookie: false), query: parts.count > 1 ? String(parts[1]) : nil)
    }

    private struct NotRealtime: Error {}
}
