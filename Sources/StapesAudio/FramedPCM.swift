/// A whole file with 30 s of silence appended, as frames of 10 ms that log-mel has yet to be made of: what `LogMel` is, for
/// a device that makes it itself.
package struct FramedPCM: Sendable {
    /// What the frames of a window see.
    package struct Window: Sendable {
        /// From the first that a frame sees, or the file's first; what is past the last is silence. Shared with the file.
        package let samples: ArraySlice<Float>
        /// Samples before the file's first that the first frame sees, the reflection of those after it.
        package let lead: Int
        /// Frames of audio or silence. The window's other frames are 0 in log-mel space.
        package let content: Int
    }

    /// Samples that a frame sees before its centre, and from it on.
    private static let reach = 200

    private let samples: [Float]
    /// The loudest log10 of mel power in the file.
    package let loudest: Float

    /// - Parameter loudest: of the whole file, see `LogMelExtractor.loudest`.
    package init(_ pcm: PCM, loudest: Float) {
        samples = pcm.samples
        self.loudest = loudest
    }

    /// Frames of audio: the part that is transcribed.
    package var contentFrames: Int { samples.count / LogMel.hop }

    /// Frames with the appended silence.
    package var frameCount: Int { contentFrames + LogMel.windowFrames }

    /// What the encoder's input is made of, for `size` frames from `seek` on. Frames past `size` are 0.0 in log-mel
    /// space, not silence (decoding.md 1.7).
    ///
    /// - Parameter frames: of the window, 30 s if nothing else is said.
    package func window(seek: Int, size: Int, frames: Int = LogMel.windowFrames) -> Window {
        LogMel.check(seek: seek, size: size, frames: frames, of: frameCount)
        let begin = seek * LogMel.hop - Self.reach
        let lead = max(0, -begin)
        // What is reflected is there, even if no frame sees it itself.
        let end = size > 0 ? max(begin + (size - 1) * LogMel.hop + 2 * Self.reach, lead + 1) : begin
        let first = min(max(begin, 0), samples.count)
        return Window(samples: samples[first..<max(first, min(end, samples.count))], lead: lead, content: size)
    }
}
