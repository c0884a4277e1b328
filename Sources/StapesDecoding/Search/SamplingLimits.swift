/// How long a window may get.
package enum SamplingLimits {
    /// Positions of the decoder: 0 to 447.
    package static let context = 448
    /// Ids sampled at most in one window.
    package static let sampleLength = context / 2
    /// Ids of earlier text in a prompt at most; `startOfPrevious` takes the one place that is left of one half.
    package static let historyLength = context / 2 - 1

    /// Steps a window may take after a prompt.
    ///
    /// The last id may be sampled at position 447 and is then not fed back, so the sequence ends with at most 449 ids.
    package static func stepLimit(promptCount: Int, sampleLength: Int = sampleLength) -> Int {
        max(0, min(sampleLength, context + 1 - promptCount))
    }
}
