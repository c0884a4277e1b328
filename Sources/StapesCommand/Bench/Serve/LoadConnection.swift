/// One worker's connection to a server, kept open between requests.
package protocol LoadConnection: AnyObject {
    /// Sends a request and waits for the answer. The connection is made when there is none, and ends with any error.
    func exchange(
        _ request: ServeRequest, until deadline: ContinuousClock.Instant
    ) throws(TransportError) -> HTTPAnswer
}

package enum LoadTransport: String, Sendable, CaseIterable {
    /// Our own HTTP/1.1 over a socket.
    case socket
    /// Foundation's client, which also speaks TLS.
    case session

    package func connection(to target: ServeTarget) -> any LoadConnection {
        switch self {
        case .socket: SocketConnection(to: target)
        case .session: SessionConnection(to: target)
        }
    }
}
