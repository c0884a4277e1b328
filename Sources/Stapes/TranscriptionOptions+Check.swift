extension TranscriptionOptions {
    /// - Parameter audioContext: of the model.
    /// - Throws: `invalidOption` for numbers that no model takes, or this one does not.
    func check(audioContext limit: Int) throws(StapesError) {
        guard temperature >= 0, temperature.isFinite else {
            throw StapesError(.invalidOption, "a temperature of \(temperature) is not possible; give 0 or more")
        }
        if let audioContext {
            try TranscriberConfiguration.check(
                audioContext, in: 1...limit, "an audio context of \(audioContext) is not possible")
        }
    }
}
