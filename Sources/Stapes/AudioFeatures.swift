import StapesAudio
import StapesEngine

/// A stretch of audio that windows are cut from: its log-mel, or its samples, of which the device makes log-mel window by
/// window.
enum AudioFeatures: Sendable {
    case logMel(LogMel)
    case samples(FramedPCM)

    /// Frames of audio: the part that is transcribed.
    var contentFrames: Int {
        switch self {
        case .logMel(let mel): mel.contentFrames
        case .samples(let samples): samples.contentFrames
        }
    }

    /// What the encoder is given for `size` frames from `seek` on; the rest of `frames` is 0.0 in log-mel space.
    func window(seek: Int, size: Int, frames: Int) -> WindowFeatures {
        switch self {
        case .logMel(let mel): return .logMel(mel.window(seek: seek, size: size, frames: frames))
        case .samples(let samples):
            let window = samples.window(seek: seek, size: size, frames: frames)
            return .samples(
                WindowSamples(
                    samples: window.samples, lead: window.lead, content: window.content, loudest: samples.loudest))
        }
    }

    /// The beginning of the audio with silence behind it: what language detection hears.
    func detectionWindow(frames: Int = LogMel.windowFrames) -> WindowFeatures {
        window(seek: 0, size: frames, frames: frames)
    }
}

/// The second arrow of a request: `PCM` -> `AudioFeatures`.
struct FeatureExtractor: Sendable {
    let logMel: LogMelExtractor
    /// Whether the device makes log-mel. Of the whole file only its loudest value is found here then.
    let onDevice: Bool

    /// Runs on the calling thread.
    func extract(_ pcm: PCM) -> AudioFeatures {
        onDevice ? .samples(FramedPCM(pcm, loudest: logMel.loudest(of: pcm))) : .logMel(logMel.extract(pcm))
    }
}
