/// From times in concatenated speech back to times in the audio it was cut from (faster-whisper 1.2.1, vad.py,
/// `SpeechTimestampsMap`, and transcribe.py, `restore_speech_timestamps`).
package struct SpeechMap: Sendable, Hashable {
    /// Samples of concatenated speech up to the end of each chunk.
    private let ends: [Int]
    /// Seconds of audio left out before each chunk.
    private let silences: [Double]

    /// - Parameter chunks: ranges of samples, in order and without overlap, that were concatenated.
    package init(_ chunks: [Range<Int>]) {
        var ends: [Int] = []
        var silences: [Double] = []
        var silence = 0
        var end = 0
        for chunk in chunks {
            silence += chunk.lowerBound - end
            end = chunk.upperBound
            ends.append(end - silence)
            silences.append(Double(silence) / Double(PCM.sampleRate))
        }
        self.ends = ends
        self.silences = silences
    }

    /// The times of a segment, seconds. Each is looked up by itself: a segment may reach over several chunks.
    ///
    /// A segment with words takes the start of its first word and the end of its last one, once they are mapped.
    package func segment(start: Double, end: Double) -> (start: Double, end: Double) {
        let (first, last) = (chunk(at: start), chunk(at: end, isEnd: true))
        return (original(start, chunk: first, Self.hundredths), original(end, chunk: last, Self.hundredths))
    }

    /// The times of a word, seconds. Both lie in the chunk that the word's middle lies in.
    package func word(start: Double, end: Double) -> (start: Double, end: Double) {
        let chunk = chunk(at: (start + end) / 2)
        return (
            original(start, chunk: chunk, Self.scaledHundredths), original(end, chunk: chunk, Self.scaledHundredths)
        )
    }

    /// The chunk a time lies in, nil if there is none. What is past the last chunk belongs to it.
    ///
    /// - Parameter isEnd: whether something ends there: on the border of two chunks it belongs to the first.
    func chunk(at seconds: Double, isEnd: Bool = false) -> Int? {
        guard !ends.isEmpty else { return nil }
        let sample = (seconds * Double(PCM.sampleRate)).rounded(.towardZero)
        let first = firstEnd(after: sample - 1)
        if isEnd, first < ends.count, Double(ends[first]) == sample { return first }
        return min(firstEnd(after: sample), ends.count - 1)
    }

    /// The first chunk that ends past `sample`, or the count of chunks.
    private func firstEnd(after sample: Double) -> Int {
        var (low, high) = (0, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if Double(ends[middle]) > sample { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func original(_ seconds: Double, chunk: Int?, _ round: (Double) -> Double) -> Double {
        guard let chunk else { return seconds }
        return round(silences[chunk] + seconds)
    }

    /// Rounded to 0.01 by the number's exact value, ties to even, as Python's `round` does it.
    package static func hundredths(_ seconds: Double) -> Double {
        let scaled = seconds * 100
        guard abs(scaled) < 0x1p52 else { return seconds }
        let error = (-scaled).addingProduct(seconds, 100)  // exact
        let below = scaled.rounded(.down)
        let half = scaled - below - 0.5  // exact
        let isUp: Bool
        switch half == 0 ? error : half {
        case let side where side > 0: isUp = true
        case let side where side < 0: isUp = false
        default: isUp = below.truncatingRemainder(dividingBy: 2) != 0
        }
        return (isUp ? below + 1 : below) / 100
    }

    /// Rounded to 0.01 after the multiplication has been, as numpy does it, whose numbers the original's words have.
    package static func scaledHundredths(_ seconds: Double) -> Double {
        (seconds * 100).rounded(.toNearestOrEven) / 100
    }
}
