import Glibc

/// A client that sends just what a test says, well-formed or not. Blocking, so it is used on threads of its own.
final class RawClient {
    private let socket: Int32
    private var received: [UInt8] = []

    /// - Parameter receiveBufferBytes: what the system takes in for a client that does not read; nil is as much as it
    ///   likes.
    init(port: Int, receiveBufferBytes: Int32? = nil) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var bytes = receiveBufferBytes {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure(text: "cannot connect to port \(port): \(errno)") }
    }

    deinit { close(socket) }

    struct Failure: Error { let text: String }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

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

    /// - Returns: false at the end of the connection.
    /// - Throws: if nothing comes and no end either.
    private func receive() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &chunk, chunk.count, 0)
        if count < 0, errno != ECONNRESET { throw Failure(text: "nothing came: \(errno)") }
        guard count > 0 else { return false }
        received += chunk[..<count]
        return true
    }

    /// The server has closed the connection, and sent no more than what was read.
    func isAtEnd() throws -> Bool { try received.isEmpty && !receive() }

    struct Answer {
        var status = 0
        var fields: [String: String] = [:]
        var body: [UInt8] = []

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Reads one answer, its length given or in chunks.
    func answer() throws -> Answer {
        var answer = Answer()
        let head = try line(until: "\r\n\r\n")
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: true)
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { throw Failure(text: "no status line: \(head)") }
        answer.status = status
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { throw Failure(text: "no field: \(line)") }
            answer.fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        if status == 100 { return answer }
        if answer.fields["transfer-encoding"] == "chunked" {
            while true {
                let size = try line(until: "\r\n")
                // A carriage return and a line feed are one character.
                guard let count = Int(size.dropLast(), radix: 16) else { throw Failure(text: "no size: \(size)") }
                answer.body += try take(count)
                _ = try take(2)
                if count == 0 { break }
            }
        } else {
            answer.body = try take(Int(answer.fields["content-length"] ?? "0") ?? 0)
        }
        return answer
    }

    /// Everything up to and with a piece of text.
    func line(until end: String) throws -> String {
        let end = Array(end.utf8)
        while true {
            var index = 0
            while index + end.count <= received.count {
                if Array(received[index..<index + end.count]) == end {
                    return String(decoding: try take(index + end.count), as: UTF8.self)
                }
                index += 1
            }
            guard try receive() else { throw Failure(text: "the connection ended in \(received.count) bytes") }
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while received.count < count {
            guard try receive() else {
                throw Failure(text: "the connection ended in \(received.count) of \(count) bytes")
            }
        }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }
}

/// Work that blocks, away from the tasks' threads.
func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        let body = Body { continuation.resume(with: Result(catching: work)) }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(body).toOpaque())
        pthread_detach(thread)
    }
}

private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
}
