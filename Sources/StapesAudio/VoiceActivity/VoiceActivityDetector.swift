import CKernels
import StapesModel

/// Where there is speech: `PCM` -> probabilities -> ranges of samples. Silero's network, 32 ms at a time.
package struct VoiceActivityDetector: Sendable {
    private let plan: VoiceActivityPlan
    private let kernel: stapes_vad_kernel

    /// Takes 1.3 MB.
    package init(_ weights: VoiceActivityWeights) {
        self.init(weights, kernel: stapes_vad_kernel_best())
    }

    /// With the kernel of one instruction level: 0 generic, 1 AVX2, 2 AVX-512. Nil where the machine lacks it.
    package init?(_ weights: VoiceActivityWeights, level: Int) {
        guard let kernel = stapes_vad_kernel_for_level(Int32(level)) else { return nil }
        self.init(weights, kernel: kernel)
    }

    private init(_ weights: VoiceActivityWeights, kernel: @escaping stapes_vad_kernel) {
        plan = VoiceActivityPlan(weights)
        self.kernel = kernel
    }

    /// The ranges of samples that hold speech, in order and without overlap. Runs on the calling thread, about a
    /// thousandth of the audio's duration.
    package func speech(in pcm: PCM, options: VoiceActivityOptions = VoiceActivityOptions()) -> [Range<Int>] {
        speech(in: pcm, options: options, isCancelled: { false }) ?? []
    }

    /// - Parameter isCancelled: is asked every few minutes of audio whether to give up.
    /// - Returns: nil if it was given up.
    package func speech(
        in pcm: PCM, options: VoiceActivityOptions, isCancelled: () -> Bool
    ) -> [Range<Int>]? {
        var segmenter = SpeechSegmenter(options)
        let probabilities = probabilities(pcm, isCancelled: isCancelled)
        guard !isCancelled() else { return nil }
        for probability in probabilities { segmenter.add(probability) }
        return segmenter.finish(sampleCount: pcm.samples.count)
    }

    /// Frames between two looks at a cancellation: two minutes, a fraction of a second's work.
    private static let framesAtATime = 4096

    /// One probability of speech a frame, the last of which is padded with 1 to 512 zeros.
    package func probabilities(_ pcm: PCM) -> [Float] { probabilities(pcm, isCancelled: { false }) }

    private func probabilities(_ pcm: PCM, isCancelled: () -> Bool) -> [Float] {
        let frame = SpeechSegmenter.frame
        let frames = pcm.samples.count / frame + 1
        // faster-whisper 1.2.1 silences the end of the padded audio, as long as a context, when it makes the first
        // frame's context in place (vad.py, SileroVADModel.__call__).
        let sampleCount = min(pcm.samples.count, frames * frame - Int(STAPES_VAD_CONTEXT))
        var state = stapes_vad_state()
        return [Float](unsafeUninitializedCapacity: frames) { buffer, count in
            count = frames
            guard let probabilities = buffer.baseAddress else { return }
            probabilities.update(repeating: 0, count: frames)
            pcm.samples.withUnsafeBufferPointer { samples in
                for first in stride(from: 0, to: frames, by: Self.framesAtATime) where !isCancelled() {
                    kernel(
                        plan.pointer, samples.baseAddress, Int64(sampleCount), Int64(first),
                        Int64(min(Self.framesAtATime, frames - first)), &state, probabilities + first)
                }
            }
        }
    }

    /// The same for audio that is still coming.
    package func stream() -> VoiceActivityStream { VoiceActivityStream(plan, kernel: kernel) }
}
