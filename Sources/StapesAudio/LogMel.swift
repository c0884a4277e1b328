/// Normalised log-mel features of a whole file with 30 s of silence appended; a frame is 10 ms.
///
/// Frames that see appended silence only are all equal and not stored.
package struct LogMel: Sendable {
    /// Frames of a window: 30 s.
    package static let windowFrames = 3000
    /// Samples from one frame to the next.
    package static let hop = 160

    package let bins: Int
    /// Frames of audio: the part that is transcribed.
    package let contentFrames: Int
    /// `[storedFrames, bins]`; at most three frames more than `contentFrames`.
    let stored: [Float]
    /// The value of every bin in silence.
    let silence: Float

    /// Frames with the appended silence.
    package var frameCount: Int { contentFrames + Self.windowFrames }

    init(bins: Int, contentFrames: Int, stored: [Float], silence: Float) {
        precondition(stored.count % bins == 0, "stored frames must be whole")
        self.bins = bins
        self.contentFrames = contentFrames
        self.stored = stored
        self.silence = silence
    }

    /// The encoder's input for `size` frames from `seek` on, `[frames, bins]`. Frames past `size` are 0.0 in log-mel
    /// space, not silence (decoding.md 1.7); the reference's `pad_or_trim` of a segment.
    ///
    /// - Parameter frames: of the window, 30 s if nothing else is said.
    package func window(seek: Int, size: Int, frames: Int = windowFrames) -> [Float] {
        Self.check(seek: seek, size: size, frames: frames, of: frameCount)
        return [Float](unsafeUninitializedCapacity: frames * bins) { buffer, count in
            count = frames * bins
            let copied = max(0, min((seek + size) * bins, stored.count) - seek * bins)
            if copied > 0 {
                let start = seek * bins
                _ = buffer[..<copied].initialize(fromContentsOf: stored[start..<start + copied])
            }
            buffer[copied..<size * bins].initialize(repeating: silence)
            buffer[(size * bins)...].initialize(repeating: 0)
        }
    }

    static func check(seek: Int, size: Int, frames: Int, of frameCount: Int) {
        precondition(frames > 0 && frames <= windowFrames, "a window holds 1 to 3000 frames")
        precondition(seek >= 0 && size >= 0 && size <= frames, "a window does not hold more than its frames")
        precondition(seek + size <= frameCount, "a window must not reach past the padded file")
    }

    /// The beginning of the padded file, `[frames, bins]`: what language detection sees. Its tail is silence.
    package func detectionWindow(frames: Int = windowFrames) -> [Float] {
        window(seek: 0, size: frames, frames: frames)
    }
}
