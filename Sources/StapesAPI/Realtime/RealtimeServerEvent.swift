/// What a realtime client is told.
package enum RealtimeServerEvent: Sendable, Hashable {
    case sessionCreated(RealtimeSessionView)
    case sessionUpdated(RealtimeSessionView)
    /// Milliseconds from the beginning of the session's audio, the padding included.
    case speechStarted(item: String, audioStartMilliseconds: Int)
    /// Milliseconds from the beginning of the session's audio, the silence included.
    case speechStopped(item: String, audioEndMilliseconds: Int)
    case committed(item: String, previous: String?)
    case cleared
    case itemAdded(item: String, previous: String?, RealtimeShape)
    /// Text that follows what was told of the item before.
    case delta(item: String, String)
    /// The whole text, which counts, and how long the turn is.
    case completed(item: String, transcript: String, seconds: Double)
    case failed(item: String, RealtimeError)
    case error(RealtimeError)

    /// The event's name.
    package var type: String {
        switch self {
        case .sessionCreated: "session.created"
        case .sessionUpdated(let view): view.shape == .beta ? "transcription_session.updated" : "session.updated"
        case .speechStarted: "input_audio_buffer.speech_started"
        case .speechStopped: "input_audio_buffer.speech_stopped"
        case .committed: "input_audio_buffer.committed"
        case .cleared: "input_audio_buffer.cleared"
        case .itemAdded(_, _, let shape): shape == .beta ? "conversation.item.created" : "conversation.item.added"
        case .delta: "conversation.item.input_audio_transcription.delta"
        case .completed: "conversation.item.input_audio_transcription.completed"
        case .failed: "conversation.item.input_audio_transcription.failed"
        case .error: "error"
        }
    }
}

/// A session as its client is shown it.
package struct RealtimeSessionView: Sendable, Hashable {
    package let id: String
    package let settings: RealtimeSettings
    package let shape: RealtimeShape

    package init(id: String, settings: RealtimeSettings, shape: RealtimeShape) {
        self.id = id
        self.settings = settings
        self.shape = shape
    }
}
