/// Conversions between frames of 10 ms, stamps of 20 ms, and seconds.
///
/// Seconds are computed with the reference's operations in the reference's order, so they are equal to the last bit.
package enum WindowTime {
    package static let sampleRate = 16_000
    /// Samples per frame.
    package static let hopLength = 160
    package static let framesPerSecond = sampleRate / hopLength
    /// Frames of a full window: 30 s.
    package static let windowFrames = 3_000
    /// Frames per stamp: one output position of the encoder.
    package static let framesPerStamp = 2
    /// Seconds per stamp: 0.02.
    package static let stampSeconds = Double(framesPerStamp * hopLength) / Double(sampleRate)
    package static let stampsPerWindow = windowFrames / framesPerStamp
    package static let stampsPerSecond = Double(sampleRate / (framesPerStamp * hopLength))

    package static func seconds(frames: Int) -> Double {
        Double(frames * hopLength) / Double(sampleRate)
    }

    package static func seconds(stamps: Int) -> Double {
        Double(stamps) * stampSeconds
    }

    /// The frame nearest to a time that is known to be one of a file.
    static func nearestFrame(seconds: Double) -> Int {
        Int((seconds * Double(framesPerSecond)).rounded(.toNearestOrEven))
    }

    /// Frames nearest to a time, within a file; what is no time at all counts as the beginning.
    package static func frames(seconds: Double, contentFrames: Int) -> Int {
        let frames = (seconds * Double(framesPerSecond)).rounded(.toNearestOrEven)
        guard frames > 0 else { return 0 }
        return frames < Double(contentFrames) ? Int(frames) : contentFrames
    }

    /// The latest stamp that may open a window; nil when there is no limit.
    static func lastAllowedStamp(maximumInitialTimestamp seconds: Double?) -> Int? {
        guard let seconds, seconds > 0 else { return nil }
        let stamps = (seconds / stampSeconds).rounded(.toNearestOrEven)
        return stamps < Double(stampsPerWindow) ? Int(stamps) : nil
    }
}
