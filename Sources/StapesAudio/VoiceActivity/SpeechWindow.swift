/// Chunks of speech that fill a window of the model together (faster-whisper 1.2.1, vad.py, `collect_chunks`).
package struct SpeechWindow: Sendable, Hashable {
    /// Ranges of samples in the audio.
    package let chunks: [Range<Int>]
    /// Samples of speech in the windows before this one: where it begins in concatenated speech, to which all its times
    /// are relative before `SpeechMap` takes them back.
    package let offset: Int

    package var sampleCount: Int { chunks.reduce(0) { $0 + $1.count } }
    package var offsetSeconds: Double { Double(offset) / Double(PCM.sampleRate) }
    package var durationSeconds: Double { Double(sampleCount) / Double(PCM.sampleRate) }

    /// Fills windows with chunks in order, each with as many as it takes whole. No chunks make no windows.
    ///
    /// The original leaves a chunk that is longer than a window as it is, and its end is never heard; here it is cut
    /// into windows of its own.
    ///
    /// - Parameter maximumSampleCount: of a window, 30 s if nothing else is said.
    package static func pack(
        _ chunks: [Range<Int>], maximumSampleCount: Int = LogMel.windowFrames * LogMel.hop
    ) -> [SpeechWindow] {
        precondition(maximumSampleCount > 0, "a window holds samples")
        var windows: [SpeechWindow] = []
        var window: [Range<Int>] = []
        var count = 0
        var offset = 0
        for chunk in chunks where !chunk.isEmpty {
            for begin in stride(from: chunk.lowerBound, to: chunk.upperBound, by: maximumSampleCount) {
                let piece = begin..<min(begin + maximumSampleCount, chunk.upperBound)
                if count + piece.count > maximumSampleCount {
                    windows.append(SpeechWindow(chunks: window, offset: offset))
                    offset += count
                    window = []
                    count = 0
                }
                window.append(piece)
                count += piece.count
            }
        }
        if !window.isEmpty { windows.append(SpeechWindow(chunks: window, offset: offset)) }
        return windows
    }
}

extension PCM {
    /// The samples of `chunks` one after the other. What reaches outside of the audio is left out.
    package func concatenating(_ chunks: [Range<Int>]) -> PCM {
        PCM(samples: chunks.flatMap { samples[$0.clamped(to: samples.indices)] })
    }
}
