import NIOCore
import NIOWebSocket

/// Closes a WebSocket connection in order: after our last frame, what still comes is read and dropped until the client
/// has closed as well, for a while at most.
///
/// A connection that is closed while bytes are unread is reset, by which a client may lose the frame that says why. This
/// holds a close back until then, whoever asks for it and in whatever task.
final class ClosingHandshake: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// For a client to answer our last frame.
    private static let seconds: Int64 = 2

    /// Our last frame is written.
    private var isClosing = false
    /// The client sends no more.
    private var clientIsDone = false
    private var timer: Scheduled<Void>?
    /// Those that wait for the connection to be closed.
    private var closes: [EventLoopPromise<Void>?] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        let isLast = unwrapOutboundIn(data).opcode == .connectionClose
        context.write(data, promise: promise)
        if isLast { begin(context) }
    }

    private func begin(_ context: ChannelHandlerContext) {
        isClosing = true
        guard !clientIsDone else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: .seconds(Self.seconds)) {
            let (handler, context) = bound.value
            handler.finish(context)
        }
        // Nobody else may ask for more.
        context.read()
    }

    /// There is nothing to wait for.
    private func finish(_ context: ChannelHandlerContext) {
        clientIsDone = true
        timer?.cancel()
        guard isClosing, !closes.isEmpty else { return }
        let promise = context.eventLoop.makePromise(of: Void.self)
        for one in closes { promise.futureResult.cascade(to: one) }
        closes = []
        context.close(promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard isClosing, !clientIsDone, mode == .all else {
            context.close(mode: mode, promise: promise)
            return
        }
        closes.append(promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let isLast = unwrapInboundIn(data).opcode == .connectionClose
        guard isClosing else {
            if isLast { clientIsDone = true }
            context.fireChannelRead(data)
            return
        }
        if isLast { finish(context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if isClosing, !clientIsDone { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        if case .inputClosed? = event as? ChannelEvent { finish(context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        for one in closes { one?.succeed(()) }
        closes = []
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What follows bytes that are no frames is none either.
        guard !isClosing else { return }
        guard let error = error as? NIOWebSocketError else {
            context.fireErrorCaught(error)
            return
        }
        let code: WebSocketErrorCode = error == .invalidFrameLength ? .messageTooLarge : .protocolError
        context.writeAndFlush(wrapOutboundOut(.closing(code)), promise: nil)
        begin(context)
        // For the session the client has left.
        context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }
}
