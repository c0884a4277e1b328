/// Where the log-mel of windows is made.
public enum LogMelPlace: String, Sendable, Hashable, CaseIterable {
    /// On a GPU if there is one, else by the host.
    case auto
    /// On the host's threads, before a window goes to the engine.
    case host
    /// In the encoder's step. A GPU can do that.
    case device

    package func isOnDevice(gpu: Bool) -> Bool { self == .device || self == .auto && gpu }
}

/// What a window is encoded from.
package enum WindowFeatures: Sendable {
    /// Log-mel, `[2 * positions, melBins]`.
    case logMel([Float])
    /// Samples, of which a device that can do that makes log-mel itself.
    case samples(WindowSamples)
}

/// What the frames of a window see of a file at 16 kHz. A frame of 10 ms sees 200 samples on either side of its centre.
package struct WindowSamples: Sendable {
    /// Samples from the first that a frame sees, or from the file's first; what is past the last is silence.
    package let samples: ArraySlice<Float>
    /// Samples before the file's first that the first frame sees. There the file's beginning is reflected.
    package let lead: Int
    /// Frames of audio or silence; the window's other frames are 0 in log-mel space (decoding.md 1.7).
    package let content: Int
    /// The loudest log10 of mel power in the whole file, at least -10 (decoding.md 1.5).
    package let loudest: Float

    package init(samples: ArraySlice<Float>, lead: Int, content: Int, loudest: Float) {
        self.samples = samples
        self.lead = lead
        self.content = content
        self.loudest = loudest
    }
}
