import StapesDecoding

/// How much of a window the encoder takes in, in positions of 20 ms. The model was trained on 1500, which are 30 s.
public enum AudioContext: Sendable, Hashable {
    /// All 1500 positions, whatever the audio fills of them.
    case full
    /// Windows of 1 to 1500 positions, which cover as much audio. Fewer cost less time and some accuracy.
    case positions(Int)
    /// Windows of 30 s, of which the last one, or that of a short file, is encoded as far as its audio reaches and 10 s
    /// further. That takes less time for short audio and changes its text: the errors are others, and about as many.
    case automatic
}

extension AudioContext {
    /// Positions without audio that are encoded behind it. A heuristic: with fewer, small models begin to repeat
    /// themselves, since so little silence has never followed speech in training. Weights that were trained on windows
    /// of every length would need none.
    package static let margin = 500
    /// Lengths are multiples of it, so that a product's primitive serves more than one window.
    package static let granularity = 100

    /// Positions of a window that is full of audio.
    package var windowPositions: Int {
        if case .positions(let count) = self { count } else { WindowTime.stampsPerWindow }
    }

    /// Positions that a window with `frames` of audio is encoded to.
    package func positions(frames: Int) -> Int {
        guard self == .automatic else { return windowPositions }
        let heard = (frames + WindowTime.framesPerStamp - 1) / WindowTime.framesPerStamp
        let steps = (heard + Self.margin + Self.granularity - 1) / Self.granularity
        return min(windowPositions, steps * Self.granularity)
    }
}

extension AudioContext: Codable {
    /// A number of positions, or `full` or `automatic`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let count = try? container.decode(Int.self) {
            self = .positions(count)
            return
        }
        switch try container.decode(String.self) {
        case "full": self = .full
        case "automatic": self = .automatic
        case let name:
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "no audio context is named '\(name)'")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .full: try container.encode("full")
        case .automatic: try container.encode("automatic")
        case .positions(let count): try container.encode(count)
        }
    }
}
