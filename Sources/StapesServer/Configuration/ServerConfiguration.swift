/// How a server is set up.
public struct ServerConfiguration: Sendable {
    /// A name or address of this machine.
    public var host = "127.0.0.1"
    /// 0 takes a free one.
    public var port = 8000
    /// What a client may show to be let in; empty lets everybody in.
    public var keys: [String] = []
    /// Serve other machines although everybody is let in.
    public var allowsPublicWithoutKey = false
    public var limits = ServerLimits()
    /// Seconds for which requests may be finished after the server was told to end. Those that are left are cancelled.
    public var drainSeconds = 30.0
    /// Where the parts of uploads go that are not held in memory; nil takes the system's folder for temporary files.
    public var spoolDirectory: String?

    /// What the server says it is.
    public var version = "0"

    public init() {}
}

extension ServerConfiguration {
    /// Whether other machines can reach the server.
    var isPublic: Bool { !["127.0.0.1", "::1", "localhost"].contains(host) && !host.hasPrefix("127.") }

    /// - Throws: `configuration`, naming what is wrong.
    package func check() throws(ServerError) {
        guard (0...65535).contains(port) else { throw ServerError(.configuration, "no port has the number \(port)") }
        guard !isPublic || !keys.isEmpty || allowsPublicWithoutKey else {
            throw ServerError(
                .configuration,
                "\(host) can be reached by other machines and there is no API key: set one, or allow it in so many words"
            )
        }
        guard keys.allSatisfy({ !$0.isEmpty }) else { throw ServerError(.configuration, "an API key is empty") }
        guard (0...ServerLimits.longestSeconds).contains(drainSeconds) else {
            throw ServerError(.configuration, "\(drainSeconds) seconds to finish are not possible")
        }
        try limits.check()
    }
}
