/// How the server holds realtime sessions.
package struct RealtimeConfiguration: Sendable, Hashable {
    /// What a session is set to before its client changes it.
    package var settings: RealtimeSettings
    package var limits = RealtimeLimits()

    package init(settings: RealtimeSettings) { self.settings = settings }
}

package struct RealtimeLimits: Sendable, Hashable {
    /// Seconds of audio that may wait to be committed or to be transcribed. More is refused.
    package var bufferSeconds = 600.0
    /// Turns that may wait to be transcribed, whatever they hold.
    package var turns = 64
    /// Seconds after which a turn that the server detected is committed although somebody still speaks.
    package var turnSeconds = 300.0
    /// Seconds without anything from the client, and with nothing to transcribe, after which the session ends.
    package var idleSeconds = 300.0
    /// Seconds that a session may last.
    package var sessionSeconds = 3600.0

    package init() {}
}

/// Why a session ended.
package enum RealtimeEnding: Sendable, Hashable {
    /// The client's frames ended, or it takes none any more.
    case clientLeft
    case idle
    case sessionExpired
    /// The server ends, and what was committed is transcribed.
    case serverEnds
    /// The task of the session was cancelled.
    case cancelled
}
