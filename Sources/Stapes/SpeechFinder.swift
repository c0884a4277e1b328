import StapesAudio
import StapesModel
import Synchronization

/// Finds speech in audio, with a network whose weights are read when they are first asked for.
final class SpeechFinder: Sendable {
    private let directory: String?
    private let level: Int
    private let detector = Mutex<VoiceActivityDetector?>(nil)

    /// - Parameters:
    ///   - directory: the folder with the network's weights.
    ///   - level: the kernels' instruction level.
    init(directory: String?, level: Int) {
        self.directory = directory
        self.level = level
    }

    /// - Parameter isCancelled: is asked now and then whether to give up.
    /// - Throws: `model` if the weights are not there or damaged; `cancelled`.
    func speech(
        in pcm: PCM, options: VoiceActivityOptions, isCancelled: WorkPool.IsCancelled
    ) throws(StapesError) -> [Range<Int>] {
        guard let ranges = try load().speech(in: pcm, options: options, isCancelled: isCancelled) else {
            throw StapesError(.cancelled, "the task was cancelled")
        }
        return ranges
    }

    /// The network for audio that is still coming.
    ///
    /// - Throws: `model` if the weights are not there or damaged.
    func stream() throws(StapesError) -> VoiceActivityStream { try load().stream() }

    private func load() throws(StapesError) -> VoiceActivityDetector {
        // Two that load at once load the same.
        if let detector = detector.withLock({ $0 }) { return detector }
        guard let directory else {
            throw StapesError(.model, "voice activity needs the folder of its network: voiceActivityDirectory")
        }
        let weights: VoiceActivityWeights
        do throws(ModelError) {
            weights = try VoiceActivityWeights(directory: directory)
        } catch {
            throw StapesError(error)
        }
        let loaded = VoiceActivityDetector(weights, level: level) ?? VoiceActivityDetector(weights)
        detector.withLock { $0 = loaded }
        return loaded
    }
}
