import Glibc

/// A WebSocket client that sends just what a test says. Blocking, so it is used on threads of its own.
final class WebSocketClient {
    enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10
    }

    struct Frame {
        let opcode: Opcode?
        let payload: [UInt8]

        var text: String { String(decoding: payload, as: UTF8.self) }

        /// Of a close.
        var code: Int? { payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil }
    }

    struct Failure: Error { let text: String }

    private let socket: Int32
    private var received: [UInt8] = []
    /// The answer's head: its status, and all of it in small letters.
    private(set) var status = 0
    private(set) var head = ""

    /// Connects and asks for a session.
    init(
        port: Int, path: String = "/v1/realtime?intent=transcription", fields: String = "",
        upgrade: String = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    ) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(text: "cannot connect: \(errno)") }
        try send(
            Array(
                ("GET \(path) HTTP/1.1\r\nHost: test\r\n\(upgrade)Sec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(fields)\r\n").utf8))
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) { bytes += try take(1) }
        head = String(decoding: bytes, as: UTF8.self).lowercased()
        status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
    }

    deinit { Glibc.close(socket) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(text: "cannot send: \(errno)") }
            sent += count
        }
    }

    /// One frame, masked by zeros.
    func send(_ opcode: Opcode, _ payload: [UInt8] = [], isLast: Bool = true) throws {
        try sendHead(opcode, byteCount: payload.count, isLast: isLast)
        try send(payload)
    }

    func send(_ json: String) throws { try send(.text, Array(json.utf8)) }

    func sendHead(_ opcode: Opcode, byteCount: Int, isLast: Bool = true) throws {
        let (first, count) = (opcode.rawValue | (isLast ? 0x80 : 0), UInt64(byteCount))
        let length: [UInt8] =
            switch byteCount {
            case ..<126: [0x80 | UInt8(byteCount)]
            case ..<65_536: [0x80 | 126, UInt8(count >> 8), UInt8(count & 0xFF)]
            default: [0x80 | 127] + (0..<8).reversed().map { UInt8(count >> (8 * $0) & 0xFF) }
            }
        try send([first] + length + [0, 0, 0, 0])
    }

    /// The next frame.
    func frame() throws -> Frame {
        let head = try take(2)
        var count = Int(head[1] & 0x7F)
        if count > 125 { count = try take(count == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) } }
        return Frame(opcode: Opcode(rawValue: head[0] & 0x0F), payload: try take(count))
    }

    /// Reads up to the first frame of a kind that contains a text.
    func frame(_ opcode: Opcode, containing text: String = "") throws -> Frame {
        while true {
            let frame = try frame()
            if frame.opcode == opcode, text.isEmpty || frame.text.contains(text) { return frame }
            if frame.opcode == .close { throw Failure(text: "closed: \(frame.code ?? 0) before \(opcode) \(text)") }
        }
    }

    /// The connection ended in order, and nothing came before.
    func isAtEnd() -> Bool {
        var byte: UInt8 = 0
        return received.isEmpty && recv(socket, &byte, 1, 0) == 0
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while received.count < count {
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let got = recv(socket, &chunk, chunk.count, 0)
            guard got > 0 else { throw Failure(text: "the connection ended: \(got == 0 ? 0 : errno)") }
            received += chunk[..<got]
        }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }
}
