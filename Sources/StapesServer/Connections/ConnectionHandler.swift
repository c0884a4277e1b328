import HTTPTypes
import NIOCore
import NIOHTTPTypes
import StapesAPI

/// What a connection needs besides requests and answers: it asks for the body of a client that waits to be asked, gives
/// up on slow clients, lets work know when its client leaves, and closes so that the last answer arrives.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    let presence = ClientPresence()
    private let limits: ServerLimits
    private var times: ConnectionTimes
    private var timer: Scheduled<Void>?
    /// The answer says that the connection ends with it.
    private var closesAfterAnswer = false
    /// Nothing that comes in is read by anybody.
    private var isLingering = false

    /// Seconds for which a client may go on sending what nobody reads, to find the answer.
    private static let lingerSeconds: Int64 = 3

    init(limits: ServerLimits) {
        self.limits = limits
        times = ConnectionTimes(limits, now: Self.now)
    }

    private static var now: Int64 { Int64(NIODeadline.now().uptimeNanoseconds) }

    func handlerAdded(context: ChannelHandlerContext) {
        look(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        presence.leave()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            presence.leave()
            if isLingering { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isLingering else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            times.headArrived(now: Self.now)
            if head.headerFields[.expect]?.lowercased() == "100-continue", !isTooLarge(head) {
                let answer = HTTPResponse(status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(answer)), promise: nil)
            }
        case .body(let bytes): times.bodyArrived(byteCount: bytes.readableBytes, now: Self.now)
        case .end: times.requestEnded()
        }
        look(context)
        context.fireChannelRead(data)
    }

    /// A body that will be refused is better not sent at all.
    private func isTooLarge(_ head: HTTPRequest) -> Bool {
        head.headerFields[.contentLength].flatMap { Int($0) }.map { $0 > limits.bodyBytes } ?? false
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Reads are asked for by those who read; now nobody does.
        if isLingering { context.read() }
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.status.kind != .informational {
                closesAfterAnswer = head.headerFields[.connection]?.lowercased() == "close"
            }
            context.write(data, promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            times.answered(now: Self.now)
            if closesAfterAnswer {
                linger(context, after: data, promise: promise)
            } else {
                context.write(data, promise: promise)
                look(context)
            }
        }
    }

    /// Closing at once would make the system drop an answer that the client has not read, when there is more of the
    /// request to come.
    private func linger(_ context: ChannelHandlerContext, after data: NIOAny, promise: EventLoopPromise<Void>?) {
        isLingering = true
        timer?.cancel()
        context.writeAndFlush(data, promise: promise)
        if presence.isGone {
            context.close(promise: nil)
            return
        }
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: .seconds(Self.lingerSeconds)) { channel.close(promise: nil) }
        context.read()
    }

    /// Acts on what the times say, and comes back when they may say something else.
    private func look(_ context: ChannelHandlerContext) {
        guard !isLingering else { return }
        switch times.verdict(now: Self.now) {
        case .atWork:
            timer?.cancel()
            timer = nil
        case .close:
            context.close(promise: nil)
        case .tooSlow: giveUp(context)
        case .wait(let until):
            // A timer that fires early looks again; a stream of small chunks does not make a timer each.
            guard timer == nil else { return }
            let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            timer = context.eventLoop.scheduleTask(deadline: .uptimeNanoseconds(UInt64(until))) {
                let (handler, context) = loopBound.value
                handler.timer = nil
                handler.look(context)
            }
        }
    }

    /// Answers in the place of whoever waits for the rest of the body, who sees the connection end.
    private func giveUp(_ context: ChannelHandlerContext) {
        let error = APIError(.requestTimeout, "The request took too long to arrive.")
        var body = context.channel.allocator.buffer(capacity: 256)
        body.writeString(ErrorBody.json(error))
        let head = HTTPResponse(
            status: .requestTimeout,
            headerFields: [
                .contentType: "application/json", .connection: "close", .contentLength: "\(body.readableBytes)",
            ])
        closesAfterAnswer = true
        presence.leave()
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        isLingering = true
        context.close(promise: nil)
    }
}
