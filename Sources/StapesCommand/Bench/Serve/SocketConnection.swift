import Glibc

/// HTTP/1.1 without TLS over a socket, driven by the thread that calls.
package final class SocketConnection: LoadConnection {
    private let target: ServeTarget
    /// Negative: none.
    private var descriptor: Int32 = -1
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    package init(to target: ServeTarget) {
        precondition(!target.isSecure, "a socket speaks no TLS")
        self.target = target
    }

    deinit { hangUp() }

    package func exchange(
        _ request: ServeRequest, until deadline: ContinuousClock.Instant
    ) throws(TransportError) -> HTTPAnswer {
        if hasBeenClosed { hangUp() }
        do throws(TransportError) {
            if descriptor < 0 { try connect(until: deadline) }
            let (answer, isReusable) = try transfer(request.bytes, until: deadline)
            if !isReusable { hangUp() }
            return answer
        } catch {
            hangUp()
            throw error
        }
    }

    private func hangUp() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Between requests nothing may come but the end of the connection.
    private var hasBeenClosed: Bool {
        guard descriptor >= 0 else { return false }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) != 0
    }

    // MARK: Connecting

    private func connect(until deadline: ContinuousClock.Instant) throws(TransportError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(target.host, String(target.port), &hints, &list)
        guard status == 0 else { throw unreachable("the host's name is not known") }
        defer { freeaddrinfo(list) }
        var cause = ENOENT
        var next = list
        while let address = next?.pointee {
            next = address.ai_next
            descriptor = socket(
                address.ai_family,
                Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
                    | Int32(SOCK_NONBLOCK.rawValue), 0)
            cause = descriptor < 0 ? errno : try open(address, until: deadline)
            if cause == 0 {
                var on: Int32 = 1
                setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
                return
            }
            hangUp()
        }
        throw unreachable(systemMessage(cause))
    }

    /// - Returns: 0, or why there is no connection.
    private func open(_ address: addrinfo, until deadline: ContinuousClock.Instant) throws(TransportError) -> Int32 {
        if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return 0 }
        guard errno == EINPROGRESS else { return errno }
        _ = try wait(for: POLLOUT, until: deadline)
        var cause: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &cause, &length)
        return cause
    }

    private func unreachable(_ cause: String) -> TransportError {
        TransportError(.unreachable, "cannot reach \(target.host):\(target.port): \(cause)")
    }

    // MARK: Transfer

    /// Sends and receives at the same time: a server may answer before it has everything, to refuse the rest.
    private func transfer(
        _ bytes: [UInt8], until deadline: ContinuousClock.Instant
    ) throws(TransportError) -> (HTTPAnswer, isReusable: Bool) {
        var parser = HTTPAnswerParser()
        var sent = 0
        var takesMore = true
        while true {
            let isSending = takesMore && sent < bytes.count
            let ready = try wait(for: isSending ? POLLIN | POLLOUT : POLLIN, until: deadline)
            if ready & ~Int32(POLLOUT) != 0 {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count > 0 {
                    if let answer = try parser.receive(buffer[..<count]) {
                        return (answer, answer.keepsAlive && sent == bytes.count)
                    }
                } else if count == 0 {
                    return (try parser.end(), false)
                } else if errno != EAGAIN && errno != EINTR {
                    throw TransportError(.interrupted, "the connection was lost: \(systemMessage())")
                }
            } else if isSending {
                let count = bytes[sent...].withUnsafeBytes {
                    send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count >= 0 {
                    sent += count
                } else if errno != EAGAIN && errno != EINTR {
                    // The answer may be there all the same.
                    takesMore = false
                }
            }
        }
    }

    /// - Returns: what the descriptor is ready for.
    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) throws(TransportError) -> Int32 {
        while true {
            let rest = ContinuousClock.now.duration(to: deadline)
            guard rest > .zero else { throw TransportError(.timedOut, "no answer in time") }
            var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let milliseconds = Int32(min((rest / .milliseconds(1)).rounded(.up), 1e9))
            let status = poll(&entry, 1, milliseconds)
            if status > 0 { return Int32(entry.revents) }
            if status < 0 && errno != EINTR {
                throw TransportError(.interrupted, "the connection was lost: \(systemMessage())")
            }
        }
    }
}
