/// What a server takes on.
public struct ServerLimits: Sendable, Hashable {
    /// Bytes of a request's body.
    public var bodyBytes = 512 << 20
    /// Seconds of audio in one request.
    public var audioSeconds = 4 * 3600.0
    /// Requests whose body is on its way.
    public var uploads = 64
    /// Bytes of an upload that are held in memory; more of it goes to a file.
    public var uploadMemoryBytes = 1 << 20
    /// Bytes of all uploads together.
    public var spoolBytes = 4 << 30
    /// Connections that are open at a time.
    public var connections = 1024
    /// Requests that are worked on at a time.
    public var activeRequests = 32
    /// Bytes that the audio of all of them may take, as far as it can be told from the uploads.
    public var activeBytes = 4 << 30
    /// Requests that wait for their turn.
    public var queuedRequests = 256
    /// Seconds in which a request's head has to be there.
    public var headSeconds = 10.0
    /// Seconds for which a connection may be silent between requests or while a body is sent.
    public var idleSeconds = 60.0
    /// Bytes a second at which a body has to come, measured from its beginning after `idleSeconds`.
    public var bodyBytesPerSecond = 8192
    /// Seconds from a request's last byte to its answer; nil sets no limit. Requests may ask for less.
    public var requestSeconds: Double?
    /// Realtime sessions at a time.
    public var realtimeSessions = 16
    /// Seconds without a frame after which a realtime session is ended.
    public var realtimeIdleSeconds = 300.0
    /// Seconds after which a realtime session is ended in any case.
    public var realtimeSessionSeconds = 3600.0

    public init() {}
}

extension ServerLimits {
    /// Four months: longer times overflow somewhere below.
    static let longestSeconds = 1e7

    /// - Throws: `configuration`, naming what is wrong.
    func check() throws(ServerError) {
        let counts = [
            ("body bytes", bodyBytes), ("uploads", uploads), ("spool bytes", spoolBytes), ("connections", connections),
            ("active requests", activeRequests), ("active bytes", activeBytes),
            ("body bytes a second", bodyBytesPerSecond),
        ]
        for (name, value) in counts where value < 1 {
            throw ServerError(.configuration, "a limit of \(value) \(name) lets nothing in")
        }
        for (name, value) in [
            ("queued requests", queuedRequests), ("bytes of an upload in memory", uploadMemoryBytes),
            ("realtime sessions", realtimeSessions),
        ] where value < 0 {
            throw ServerError(.configuration, "a limit of \(value) \(name) is not possible")
        }
        let times = [
            ("audio", audioSeconds), ("a request's head", headSeconds), ("silence", idleSeconds),
            ("a request", requestSeconds ?? 1), ("a silent realtime session", realtimeIdleSeconds),
            ("a realtime session", realtimeSessionSeconds),
        ]
        for (name, value) in times where !(value > 0 && value <= Self.longestSeconds) {
            throw ServerError(.configuration, "\(value) seconds for \(name) are not possible")
        }
    }
}
