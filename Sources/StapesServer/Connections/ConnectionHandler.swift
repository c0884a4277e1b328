import HTTPTypes
import NIOCore
import NIOHTTPTypes
import StapesAPI

/// What a connection needs besides requests and answers: it asks for the body of a client that waits to be asked, gives
/// up on clients that are slow to send or to take, lets work know when its client leaves, and closes so that the last
/// answer arrives.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    let presence = ClientPresence()
    private let limits: ServerLimits
    private var times: ConnectionTimes
    private var timer: Scheduled<Void>?
    private var stallTimer: Scheduled<Void>?
    /// A client waits to be asked for its body, and an earlier one of its requests for its answer.
    private var owesContinue = false
    /// The head of an answer has gone and its end has not.
    private var isAnswering = false
    /// The connection ends with the answer that is owed: the client or the answer says so.
    private var closesAfterAnswer = false
    /// Ends of answers that are not on their way yet, and whoever wants to close after them.
    private var unsentEnds = 0
    private var deferredClose: EventLoopPromise<Void>?
    private var isCloseDeferred = false
    private var linger: Linger?
    /// The client was told that it is too slow, and nothing else is said.
    private var hasGivenUp = false

    /// A client may go on sending what nobody reads, to find the answer.
    private struct Linger {
        let start: Int64
        var last: Int64

        /// Of silence, and in all.
        static let silentNanoseconds: Int64 = 3_000_000_000
        static let longestNanoseconds: Int64 = 60_000_000_000

        var deadline: Int64 { min(last + Self.silentNanoseconds, start + Self.longestNanoseconds) }
    }

    init(limits: ServerLimits) {
        self.limits = limits
        times = ConnectionTimes(limits, now: Self.now)
    }

    private static var now: Int64 { Int64(NIODeadline.now().uptimeNanoseconds) }

    func handlerAdded(context: ChannelHandlerContext) { look(context) }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        stallTimer?.cancel()
        deferredClose?.fail(ChannelError.alreadyClosed)
    }

    // MARK: What comes in

    func channelInactive(context: ChannelHandlerContext) {
        presence.leave()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            presence.leave()
            if linger != nil { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard linger == nil else {
            linger?.last = Self.now
            return
        }
        switch unwrapInboundIn(data) {
        case .head(let head):
            times.headArrived(now: Self.now)
            if head.headerFields[.connection]?.lowercased() == "close" { closesAfterAnswer = true }
            if head.headerFields[.expect]?.lowercased() == "100-continue", !isTooLarge(head) {
                owesContinue = true
                sendContinue(context)
            }
        case .body(let bytes): times.bodyArrived(byteCount: bytes.readableBytes, now: Self.now)
        case .end:
            owesContinue = false
            times.requestEnded()
        }
        look(context)
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Reads are asked for by those who read; now nobody does.
        if linger != nil { context.read() }
        context.fireChannelReadComplete()
    }

    /// A body that will be refused is better not sent at all.
    private func isTooLarge(_ head: HTTPRequest) -> Bool {
        head.headerFields[.contentLength].flatMap { Int($0) }.map { $0 > limits.bodyBytes } ?? false
    }

    /// Not in the middle of the answer to an earlier request.
    private func sendContinue(_ context: ChannelHandlerContext) {
        guard owesContinue, times.answersOwed == 1, !isAnswering else { return }
        owesContinue = false
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    // MARK: What goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !hasGivenUp else {
            promise?.fail(ChannelError.alreadyClosed)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head):
            isAnswering = true
            if head.headerFields[.connection]?.lowercased() == "close" { closesAfterAnswer = true }
            context.write(data, promise: promise)
        case .body: context.write(data, promise: promise)
        case .end: writeEnd(context, data, promise)
        }
    }

    /// An answer is over when its end has been sent, not when it is written: a client may take its time.
    private func writeEnd(_ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?) {
        isAnswering = false
        unsentEnds += 1
        let sent = promise ?? context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in self.endSent(context) }
        if closesAfterAnswer {
            context.writeAndFlush(data, promise: sent)
        } else {
            context.write(data, promise: sent)
        }
    }

    private func endSent(_ context: ChannelHandlerContext) {
        unsentEnds -= 1
        times.answered(now: Self.now)
        if closesAfterAnswer, linger == nil, context.channel.isActive {
            beginLinger(context)
        } else {
            sendContinue(context)
            look(context)
        }
        if unsentEnds == 0, isCloseDeferred {
            context.close(promise: deferredClose)
            deferredClose = nil
        }
    }

    /// Closing drops what has not been sent, so it waits for the answers that are written.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, unsentEnds > 0, context.channel.isActive else {
            context.close(mode: mode, promise: promise)
            return
        }
        isCloseDeferred = true
        if let waiting = deferredClose {
            waiting.futureResult.cascade(to: promise)
        } else {
            deferredClose = promise ?? context.eventLoop.makePromise(of: Void.self)
        }
        context.flush()
    }

    /// A client that takes nothing of its answer holds up the work that makes it.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stallTimer?.cancel()
        stallTimer = nil
        if !context.channel.isWritable {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            stallTimer = context.eventLoop.scheduleTask(in: .nanoseconds(Int64(limits.idleSeconds * 1e9))) {
                bound.value.close(promise: nil)
            }
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Time

    /// Closing at once would make the system drop an answer that the client has not read, when there is more of the
    /// request to come.
    private func beginLinger(_ context: ChannelHandlerContext) {
        guard !presence.isGone else {
            context.close(promise: nil)
            return
        }
        linger = Linger(start: Self.now, last: Self.now)
        timer?.cancel()
        timer = nil
        context.close(mode: .output, promise: nil)
        look(context)
        context.read()
    }

    /// Acts on what the times say, and comes back when they may say something else.
    private func look(_ context: ChannelHandlerContext) {
        if let linger {
            if Self.now >= linger.deadline { context.close(promise: nil) } else { wake(context, at: linger.deadline) }
            return
        }
        switch times.verdict(now: Self.now) {
        case .atWork:
            timer?.cancel()
            timer = nil
        case .close: context.close(promise: nil)
        case .tooSlow: giveUp(context)
        case .wait(let until): wake(context, at: until)
        }
    }

    /// A timer that fires early looks again; a stream of small chunks does not make a timer each.
    private func wake(_ context: ChannelHandlerContext, at time: Int64) {
        guard timer == nil else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: .uptimeNanoseconds(UInt64(time))) {
            let (handler, context) = bound.value
            handler.timer = nil
            handler.look(context)
        }
    }

    /// Answers in the place of whoever waits for the rest of the body, who sees the connection end.
    private func giveUp(_ context: ChannelHandlerContext) {
        hasGivenUp = true
        presence.leave()
        if !isAnswering {
            var body = context.channel.allocator.buffer(capacity: 256)
            body.writeString(ErrorBody.json(APIError(.requestTimeout, "The request took too long to arrive.")))
            let head = HTTPResponse(
                status: .requestTimeout,
                headerFields: [
                    .contentType: ErrorBody.contentType, .connection: "close",
                    .contentLength: "\(body.readableBytes)",
                ])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(body)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        context.close(promise: nil)
    }
}
