/// What a client changes of a session's settings. What it leaves out stays as it is.
package struct RealtimeUpdate: Sendable, Hashable {
    /// A value to set, or none: the client sent `null`.
    package enum Change<Value: Sendable & Hashable>: Sendable, Hashable {
        case keep
        case clear
        case set(Value)

        func apply(to value: inout Value?) {
            switch self {
            case .keep: break
            case .clear: value = nil
            case .set(let new): value = new
            }
        }
    }

    package var format: RealtimeAudioFormat?
    package var model: String?
    package var language = Change<String>.keep
    package var prompt = Change<String>.keep
    package var noiseReduction = Change<String>.keep
    package var turnDetection = Change<RealtimeTurnDetection>.keep

    package init() {}

    package func applied(to settings: RealtimeSettings) -> RealtimeSettings {
        var settings = settings
        if let format { settings.format = format }
        if let model { settings.transcription.model = model }
        language.apply(to: &settings.transcription.language)
        prompt.apply(to: &settings.transcription.prompt)
        noiseReduction.apply(to: &settings.noiseReduction)
        turnDetection.apply(to: &settings.turnDetection)
        return settings
    }
}
