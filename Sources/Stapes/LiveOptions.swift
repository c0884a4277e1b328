import StapesDecoding

/// How speech is transcribed while it is spoken.
public struct LiveOptions: Sendable, Hashable, Codable {
    /// How the audio is transcribed. A language that is not given is listened for until something is final, and kept.
    /// Clip timestamps, batches and voice activity are for files and refused.
    ///
    /// By default the final text does not lead what follows: what is left after it is short, and a small model that is
    /// led leaves words of it out.
    public var transcription: TranscriptionOptions
    /// Seconds of new audio after which the text is looked at again. Each look costs the engine about as much as a file
    /// of up to 30 s: a machine that is too slow for it makes the audio wait.
    public var stepSeconds = 1.0
    /// Seconds without speech after which the last segment is final as well.
    public var pauseSeconds = 1.0

    public init(
        transcription: TranscriptionOptions = .init(conditionOnPreviousText: false), stepSeconds: Double = 1.0,
        pauseSeconds: Double = 1.0
    ) {
        self.transcription = transcription
        self.stepSeconds = stepSeconds
        self.pauseSeconds = pauseSeconds
    }
}

extension LiveOptions {
    /// - Throws: `invalidOption`.
    func check() throws(StapesError) {
        guard !transcription.batched, transcription.voiceActivity == nil, transcription.clipTimestamps.isEmpty else {
            throw StapesError(.invalidOption, "live audio takes no clip timestamps, no batches and no voice activity")
        }
        guard (0.1...30).contains(stepSeconds) else {
            throw StapesError(.invalidOption, "a step of \(stepSeconds) seconds is not possible; give 0.1 to 30")
        }
        guard (0...30).contains(pauseSeconds) else {
            throw StapesError(.invalidOption, "a pause of \(pauseSeconds) seconds is not possible; give 0 to 30")
        }
    }
}
