import Foundation
import Synchronization

/// An HTTP server on 127.0.0.1 whose every answer is written down as bytes: one thread a connection, kept alive until an
/// answer says otherwise.
///
/// It serves until the tests' process ends.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        let head: String
        let body: String
        /// Counts connections from 0.
        let connection: Int
        /// Counts requests of all connections from 0.
        let index: Int
    }

    struct Reply: Sendable {
        var bytes: String
        /// Before anything is sent.
        var delay = Duration.zero
        /// Between one byte and the next; zero: all at once.
        var pause = Duration.zero
        var closes = false
    }

    let port: Int
    private let handler: @Sendable (Request) -> Reply
    private let received = Mutex<[Request]>([])
    private let connections = Mutex(0)

    var address: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { received.withLock { $0 } }
    var connectionCount: Int { connections.withLock { $0 } }

    init(handler: @escaping @Sendable (Request) -> Reply) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) + listen(listener, 64) + getsockname(listener, address, &length)
            }
        }
        guard listener >= 0, status == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
        self.handler = handler
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                let number = connections.withLock { count in
                    defer { count += 1 }
                    return count
                }
                Thread.detachNewThread { [self] in
                    while serve(connection, number: number) {}
                    close(connection)
                }
            }
        }
    }

    /// A body with its length.
    static func answer(_ body: String, status: String = "200 OK", fields: String = "") -> Reply {
        Reply(bytes: "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)")
    }

    static func transcript(_ text: String) -> Reply { answer(#"{"text":"\#(text)"}"#) }

    /// - Returns: whether the connection goes on.
    private func serve(_ connection: Int32, number: Int) -> Bool {
        guard let (head, body) = Self.read(connection) else { return false }
        let request = received.withLock { requests in
            requests.append(Request(head: head, body: body, connection: number, index: requests.count))
            return requests[requests.count - 1]
        }
        let reply = handler(request)
        Thread.sleep(forTimeInterval: reply.delay / .seconds(1))
        let bytes = Array(reply.bytes.utf8)
        if reply.pause == .zero {
            Self.send(bytes, to: connection)
        } else {
            for byte in bytes {
                Self.send([byte], to: connection)
                Thread.sleep(forTimeInterval: reply.pause / .seconds(1))
            }
        }
        return !reply.closes
    }

    private static func read(_ connection: Int32) -> (head: String, body: String)? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let separator = Array("\r\n\r\n".utf8)
        while true {
            if let end = bytes.firstRange(of: separator) {
                let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
                let length = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
                    .flatMap { Int($0.dropFirst("Content-Length: ".count)) }
                if bytes.count - end.upperBound >= length ?? 0 {
                    return (head, String(decoding: bytes[end.upperBound...], as: UTF8.self))
                }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }

    private static func send(_ bytes: [UInt8], to connection: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}
