/// One window to decode.
package struct WindowJob: Sendable, Hashable {
    /// First frame of the window.
    package var seek: Int
    /// Frames of content, 1 to 3000; the rest of the window is padding.
    package var size: Int
    package var prompt: [Int]
    /// Position of the first sampled id: the length of the prompt.
    package var sampleBegin: Int
    /// Position of the start of the transcript in the prompt.
    package var sotIndex: Int
    /// Steps the window may take at most.
    package var stepLimit: Int

    package init(seek: Int, size: Int, prompt: WindowPrompt, sampleLength: Int = SamplingLimits.sampleLength) {
        self.seek = seek
        self.size = size
        self.prompt = prompt.tokens
        sampleBegin = prompt.sampleBegin
        sotIndex = prompt.sotIndex
        stepLimit = SamplingLimits.stepLimit(promptCount: prompt.tokens.count, sampleLength: sampleLength)
    }
}
