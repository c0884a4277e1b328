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

    /// The encoder's input for `size` frames from `seek` on, `[3000, bins]`. Frames past `size` are 0.0 in log-mel
    /// space, not silence (decoding.md 1.7); the reference's `pad_or_trim` of a segment.
    package func window(seek: Int, size: Int) -> [Float] {
        precondition(seek >= 0 && size >= 0 && size <= Self.windowFrames, "a window holds 0 to 3000 frames")
        precondition(seek + size <= frameCount, "a window must not reach past the padded file")
        return [Float](unsafeUninitializedCapacity: Self.windowFrames * bins) { buffer, count in
            count = Self.windowFrames * bins
            let copied = max(0, min((seek + size) * bins, stored.count) - seek * bins)
            if copied > 0 {
                let start = seek * bins
                _ = buffer[..<copied].initialize(fromContentsOf: stored[start..<start + copied])
            }
            buffer[copied..<size * bins].initialize(repeating: silence)
            buffer[(size * bins)...].initialize(repeating: 0)
        }
    }

    /// The first 30 s of the padded file, `[3000, bins]`: what language detection sees. Its tail is silence.
    package func detectionWindow() -> [Float] {
        window(seek: 0, size: Self.windowFrames)
    }
}
