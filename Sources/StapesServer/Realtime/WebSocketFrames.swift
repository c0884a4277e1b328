import NIOCore
import NIOWebSocket
import StapesAPI

/// The messages of a WebSocket connection, put together from its frames; answers pings, and ends with a close.
struct WebSocketFrames: AsyncSequence, Sendable {
    typealias Element = RealtimeFrame

    let inbound: NIOAsyncChannelInboundStream<WebSocketFrame>
    let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    /// Bytes of a message at most.
    let byteLimit: Int

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(inbound: inbound.makeAsyncIterator(), outbound: outbound, byteLimit: byteLimit)
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        private var inbound: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator
        private let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
        private let byteLimit: Int
        /// The kind of a message whose last frame has not come.
        private var open: WebSocketOpcode?
        private var bytes: [UInt8] = []

        fileprivate init(
            inbound: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator,
            outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>, byteLimit: Int
        ) {
            self.inbound = inbound
            self.outbound = outbound
            self.byteLimit = byteLimit
        }

        mutating func next() async throws -> RealtimeFrame? {
            while let frame = try await inbound.next() {
                switch (frame.opcode, open) {
                case (.text, nil), (.binary, nil): open = frame.opcode
                case (.continuation, .some): break
                case (.ping, _):
                    try await outbound.write(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData))
                    continue
                case (.pong, _): continue
                case (.connectionClose, _):
                    try await outbound.write(.closing(.normalClosure))
                    return nil
                default:
                    try await outbound.write(.closing(.protocolError))
                    return nil
                }
                guard bytes.count + frame.length <= byteLimit else {
                    try await outbound.write(.closing(.messageTooLarge))
                    return nil
                }
                // What is refused anyway need not be kept.
                if open == .text { bytes += Array(frame.unmaskedData.readableBytesView) }
                guard frame.fin else { continue }
                defer { (open, bytes) = (nil, []) }
                return open == .text ? .text(bytes) : .binary
            }
            return nil
        }
    }
}

extension WebSocketErrorCode {
    /// Registered after RFC 6455.
    static let tryAgainLater = WebSocketErrorCode(codeNumber: 1013)
}

extension WebSocketFrame {
    /// The last frame of a connection.
    static func closing(_ code: WebSocketErrorCode, _ reason: String = "") -> WebSocketFrame {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        // A control frame carries 125 bytes at most, two of them the code.
        data.writeBytes(reason.utf8.prefix(123))
        return WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
    }
}
