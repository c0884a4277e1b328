/// Cuts speech out of audio by the probability of each frame: the rules of faster-whisper 1.2.1 (vad.py,
/// `get_speech_timestamps`). Knows no network.
package struct SpeechSegmenter: Sendable {
    /// Samples of a frame: 32 ms.
    package static let frame = 512
    /// Samples of the shortest pause that speech which is too long is cut at: 98 ms.
    private static let shortestCut = 1568

    private let threshold: Float
    private let silenceThreshold: Float
    /// Samples each.
    private let minimumSpeech, minimumSilence, padding: Int
    private let maximumSpeech: Double

    /// A pause inside the speech that it may be cut at.
    private struct Pause {
        var begin: Int
        /// Where speech went on, nil if it did not yet.
        var end: Int?
    }

    private var position = 0
    /// Where the speech of now began, nil in silence.
    private var speechBegin: Int?
    /// Where the silence began that may end it.
    private var silenceBegin: Int?
    private var pause: Pause?
    private var found: [Range<Int>] = []

    package init(_ options: VoiceActivityOptions) {
        threshold = Float(options.threshold)
        silenceThreshold = Float(options.silenceThreshold ?? max(options.threshold - 0.15, 0.01))
        minimumSpeech = Self.samples(milliseconds: options.minimumSpeechMilliseconds)
        minimumSilence = Self.samples(milliseconds: options.minimumSilenceMilliseconds)
        padding = Self.samples(milliseconds: options.paddingMilliseconds)
        maximumSpeech =
            (options.maximumSpeechSeconds ?? .infinity) * Double(PCM.sampleRate) - Double(Self.frame)
            - Double(2 * padding)
    }

    /// Samples, without overflow for any setting: 136 years are enough.
    private static func samples(milliseconds: Int) -> Int {
        max(0, min(milliseconds, 1 << 42)) * (PCM.sampleRate / 1000)
    }

    /// Takes the probability of the next frame.
    package mutating func add(_ probability: Float) {
        let now = position
        position += Self.frame
        if probability >= threshold {
            if silenceBegin != nil {
                silenceBegin = nil
                if pause != nil, pause?.end == nil { pause?.end = now }
            }
            if speechBegin == nil {
                speechBegin = now
                return
            }
        }
        if let begin = speechBegin, Double(now - begin) > maximumSpeech {
            if let pause {
                end(at: pause.begin, from: begin)
                speechBegin = pause.end
            } else {
                end(at: now, from: begin)
                return
            }
        }
        if let begin = speechBegin, probability < silenceThreshold {
            let silence = silenceBegin ?? now
            silenceBegin = silence
            if now - silence > Self.shortestCut {
                // With `silenceThreshold` above `threshold`, one frame may end a pause and begin the next.
                pause = Pause(begin: silence, end: pause?.end == silence ? silence : nil)
            }
            if now - silence < minimumSilence { return }
            if silence - begin > minimumSpeech {
                end(at: silence, from: begin)
            } else {
                forget()
            }
        }
    }

    private mutating func end(at end: Int, from begin: Int) {
        found.append(begin..<end)
        forget()
    }

    private mutating func forget() {
        speechBegin = nil
        silenceBegin = nil
        pause = nil
    }

    /// The speech of audio of `sampleCount` samples, all frames of which were added: with padding, in order, without
    /// overlap.
    package consuming func finish(sampleCount: Int) -> [Range<Int>] {
        if let begin = speechBegin, sampleCount - begin > minimumSpeech { found.append(begin..<sampleCount) }
        var begins = found.map(\.lowerBound)
        var ends = found.map(\.upperBound)
        for index in found.indices {
            if index == 0 { begins[0] = max(0, begins[0] - padding) }
            guard index + 1 < found.count else {
                ends[index] = min(sampleCount, ends[index] + padding)
                break
            }
            let silence = begins[index + 1] - ends[index]
            if silence < 2 * padding {
                ends[index] += silence / 2
                begins[index + 1] = max(0, begins[index + 1] - silence / 2)
            } else {
                ends[index] = min(sampleCount, ends[index] + padding)
                begins[index + 1] = max(0, begins[index + 1] - padding)
            }
        }
        return zip(begins, ends).map { $0..<$1 }
    }
}
