import Foundation
import Synchronization

/// An HTTP server on 127.0.0.1 for one test: one thread a connection, one answer a connection, every request kept.
///
/// It serves until the tests' process ends: bound to this object's life, it would stop at the last mention of it in a
/// test, which may come before the last request.
final class LocalHub: Sendable {
    struct Request: Sendable {
        /// Path and query.
        let target: String
        /// Names in lower case.
        let headers: [String: String]

        var path: String { String(target.prefix { $0 != "?" }) }
    }

    struct Reply: Sendable {
        var status = 200
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        /// How much of the body is really sent; nil for all. `Content-Length` names all of it.
        var sentByteCount: Int?
        /// Before anything is sent.
        var delay = Duration.zero
        /// Between the body and the end of the connection.
        var hold = Duration.zero
    }

    let port: Int
    private let listener: Int32
    private let handler: @Sendable (Request) -> Reply
    private let received = Mutex<[Request]>([])

    var address: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { received.withLock { $0 } }

    init(handler: @escaping @Sendable (Request) -> Reply) throws {
        (listener, port) = try Self.listen()
        self.handler = handler
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                Thread.detachNewThread { [self] in
                    serve(connection)
                    close(connection)
                }
            }
        }
    }

    /// A port nobody listens on.
    static func freePort() throws -> Int {
        let (listener, port) = try listen()
        close(listener)
        return port
    }

    private static func listen() throws -> (Int32, Int) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) + Foundation.listen(listener, 64)
                    + getsockname(listener, address, &length)
            }
        }
        guard listener >= 0, status == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
        return (listener, Int(UInt16(bigEndian: address.sin_port)))
    }

    private func serve(_ connection: Int32) {
        guard let request = Self.readRequest(connection) else { return }
        received.withLock { $0.append(request) }
        let reply = handler(request)
        Thread.sleep(forTimeInterval: reply.delay / .seconds(1))
        var head = "HTTP/1.1 \(reply.status) Status\r\nConnection: close\r\nContent-Length: \(reply.body.count)\r\n"
        for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
        Self.send(Array((head + "\r\n").utf8)[...], to: connection)
        Self.send(reply.body.prefix(reply.sentByteCount ?? reply.body.count), to: connection)
        Thread.sleep(forTimeInterval: reply.hold / .seconds(1))
    }

    private static func readRequest(_ connection: Int32) -> Request? {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !text.hasSuffix("\r\n\r\n") {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        let lines = text.split(separator: "\r\n")
        let parts = lines[0].split(separator: " ")
        guard parts.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[line[..<colon].lowercased()] = value
        }
        return Request(target: String(parts[1]), headers: headers)
    }

    private static func send(_ bytes: ArraySlice<UInt8>, to connection: Int32) {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes
            while !rest.isEmpty {
                let count = Foundation.send(connection, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                if count <= 0 { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }
}
