import CKernels

/// Silero's network on audio that is still coming: samples in chunks of any size -> one probability of speech for
/// every 32 ms that are complete. The probabilities are those of the whole recording, bit for bit.
///
/// A value: a copy goes on by itself from where the original was.
package struct VoiceActivityStream: Sendable {
    private let plan: VoiceActivityPlan
    private let kernel: stapes_vad_kernel
    private var state = stapes_vad_state()
    /// The frame before the next one, for its context, and what there is of those that follow.
    private var samples = [Float](repeating: 0, count: SpeechSegmenter.frame)

    init(_ plan: VoiceActivityPlan, kernel: @escaping stapes_vad_kernel) {
        self.plan = plan
        self.kernel = kernel
    }

    /// Takes mono samples at 16 kHz; they cost about a thousandth of their duration, on the calling thread.
    package mutating func probabilities(_ chunk: [Float]) -> [Float] {
        samples += chunk
        let frames = samples.count / SpeechSegmenter.frame - 1
        guard frames > 0 else { return [] }
        let probabilities = [Float](unsafeUninitializedCapacity: frames) { buffer, count in
            count = frames
            guard let probabilities = buffer.baseAddress else { return }
            samples.withUnsafeBufferPointer { samples in
                // The buffer's first frame was heard before.
                kernel(
                    plan.pointer, samples.baseAddress, Int64(samples.count), 1, Int64(frames), &state, probabilities)
            }
        }
        samples.removeFirst(frames * SpeechSegmenter.frame)
        return probabilities
    }
}
