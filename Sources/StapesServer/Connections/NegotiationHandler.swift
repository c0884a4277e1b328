import NIOCore
import NIOHTTP1

/// Waits for a connection's first request and puts in place what it asks for: HTTP, or a change to WebSocket. Closes the
/// connection if none comes in time, or if the server ends before.
///
/// NIO's own handler for upgrades comes in only when there will be one: requests that it does not upgrade lose their
/// heads in it, and many clients offer upgrades that nobody takes.
final class NegotiationHandler<Negotiated: Sendable>: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    /// Adds the handlers that come after this one.
    typealias Install = (HTTPRequestHead, ChannelHandlerContext) throws -> EventLoopFuture<Negotiated>

    private let seconds: Double
    private let install: Install
    private let promise: EventLoopPromise<Negotiated>
    private var timer: Scheduled<Void>?
    private var isInstalled = false

    init(seconds: Double, promise: EventLoopPromise<Negotiated>, install: @escaping Install) {
        self.seconds = seconds
        self.promise = promise
        self.install = install
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: .nanoseconds(Int64(seconds * 1e9))) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        guard !isInstalled else { return }
        timer?.cancel()
        promise.fail(ChannelError.eof)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else {
            context.close(promise: nil)
            return
        }
        isInstalled = true
        do {
            let negotiated = try install(head, context)
            // A request that changes the connection has to end as well, in the same time.
            negotiated.whenComplete { [timer] _ in timer?.cancel() }
            negotiated.cascade(to: promise)
        } catch {
            promise.fail(error)
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Nobody reads on, so a half that is closed is the whole.
        let isClosed = if case .inputClosed? = event as? ChannelEvent { true } else { false }
        if isClosed || event is ChannelShouldQuiesceEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
