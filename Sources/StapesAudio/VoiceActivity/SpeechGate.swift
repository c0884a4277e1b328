/// Finds where somebody begins and stops to speak in audio that is still coming, by the probability of each frame.
///
/// A state machine: a probability in, at most one event out. Positions are samples from the beginning of the audio.
/// Speech begins with one frame of at least the threshold, as for `SpeechSegmenter`, and ends with a silence. It knows
/// no network and holds no audio.
package struct SpeechGate: Sendable, Hashable {
    package struct Options: Sendable, Hashable {
        /// 0 to 1. Silence is a frame that is 0.15 below it.
        package var threshold: Double
        /// Milliseconds that are taken with the speech before it.
        package var prefixMilliseconds: Int
        /// Milliseconds of silence that end speech, and are taken with it.
        package var silenceMilliseconds: Int

        package init(threshold: Double, prefixMilliseconds: Int, silenceMilliseconds: Int) {
            self.threshold = threshold
            self.prefixMilliseconds = prefixMilliseconds
            self.silenceMilliseconds = silenceMilliseconds
        }
    }

    package enum Event: Sendable, Hashable {
        /// Speech, with what is taken before it, begins here.
        case started(sample: Int)
        /// Speech, with the silence that ended it, stops here.
        case stopped(sample: Int)
    }

    /// May be changed while somebody speaks.
    package var options: Options
    package private(set) var isSpeaking: Bool
    /// Where the next frame begins.
    package private(set) var position: Int
    /// What lies before belongs to speech that has ended.
    private var floor: Int
    /// Where the silence began that may end the speech.
    private var silenceBegin: Int?

    /// - Parameters:
    ///   - position: where the first frame begins.
    ///   - floor: no speech begins before it.
    ///   - isSpeaking: whether it begins in the middle of speech.
    package init(_ options: Options, position: Int = 0, floor: Int = 0, isSpeaking: Bool = false) {
        self.options = options
        self.position = position
        self.floor = floor
        self.isSpeaking = isSpeaking
    }

    private static let samplesPerMillisecond = PCM.sampleRate / 1000

    /// Samples that may still be taken with speech that begins in the next frame.
    package var prefixSamples: Int { options.prefixMilliseconds * Self.samplesPerMillisecond }

    /// Takes the probability of the next frame.
    package mutating func add(_ probability: Float) -> Event? {
        let begin = position
        position += SpeechSegmenter.frame
        guard isSpeaking else {
            guard probability >= Float(options.threshold) else { return nil }
            (isSpeaking, silenceBegin) = (true, nil)
            return .started(sample: max(floor, begin - prefixSamples))
        }
        if probability >= Float(options.threshold) {
            silenceBegin = nil
            return nil
        }
        guard silenceBegin != nil || probability < Float(max(options.threshold - 0.15, 0.01)) else { return nil }
        let silence = silenceBegin ?? begin
        silenceBegin = silence
        guard position - silence >= options.silenceMilliseconds * Self.samplesPerMillisecond else { return nil }
        end(at: position)
        return .stopped(sample: position)
    }

    /// The speech so far has been taken as a whole; what follows begins here at the earliest.
    package mutating func end(at sample: Int) {
        (isSpeaking, silenceBegin) = (false, nil)
        floor = sample
    }
}
