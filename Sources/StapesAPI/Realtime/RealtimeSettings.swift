import StapesAudio

/// What a realtime session is set to.
package struct RealtimeSettings: Sendable, Hashable {
    package var format = RealtimeAudioFormat.pcm(rate: 24_000)
    package var transcription: RealtimeTranscription
    /// Nil leaves it to the client to say where a turn ends.
    package var turnDetection: RealtimeTurnDetection?
    /// `near_field` or `far_field`. Taken down for the client and without effect: the model hears noise as it is.
    package var noiseReduction: String?

    package init(transcription: RealtimeTranscription, turnDetection: RealtimeTurnDetection?) {
        self.transcription = transcription
        self.turnDetection = turnDetection
    }
}

/// How a turn is transcribed. Turns that have begun keep theirs.
package struct RealtimeTranscription: Sendable, Hashable {
    package var model: String
    /// Code or English name; nil listens for it.
    package var language: String?
    /// Text that is taken to come before each turn.
    package var prompt: String?

    package init(model: String, language: String? = nil, prompt: String? = nil) {
        self.model = model
        self.language = language
        self.prompt = prompt
    }
}

/// How the server finds where turns begin and end. The defaults are OpenAI's.
package struct RealtimeTurnDetection: Sendable, Hashable {
    /// 0 to 1.
    package var threshold = 0.5
    package var prefixPaddingMilliseconds = 300
    package var silenceDurationMilliseconds = 500

    package init() {}

    /// Milliseconds that a client may ask for.
    static let milliseconds = 0...60_000

    var gate: SpeechGate.Options {
        SpeechGate.Options(
            threshold: threshold, prefixMilliseconds: prefixPaddingMilliseconds,
            silenceMilliseconds: silenceDurationMilliseconds)
    }
}

/// Which of OpenAI's two vocabularies a client speaks: today's, or that of the beta, which many still send.
package enum RealtimeShape: Sendable, Hashable {
    case current
    case beta
}
