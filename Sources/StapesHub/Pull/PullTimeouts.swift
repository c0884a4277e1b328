/// How long a pull waits for the network.
package struct PullTimeouts: Sendable, Hashable {
    /// Until a response's head: name, connection, TLS and the host's first answer.
    package var connect: Duration
    /// Between two pieces of a body.
    package var stall: Duration

    package init(connect: Duration = .seconds(10), stall: Duration = .seconds(30)) {
        self.connect = connect
        self.stall = stall
    }
}

extension Duration {
    /// `10 s` or `300 ms`.
    var words: String {
        let (seconds, attoseconds) = components
        return attoseconds == 0 ? "\(seconds) s" : "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000) ms"
    }
}
