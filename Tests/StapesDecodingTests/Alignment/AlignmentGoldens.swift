import StapesDecoding

/// Recorded outputs of the reference's word times, made by `Scripts/make-alignment-goldens.py`.
struct AlignmentGoldens: Decodable {
    struct Split: Decodable {
        var language: String
        var tokens: [Int]
        var words: [String]
        var counts: [Int]
    }

    /// One window by itself.
    struct Matrix: Decodable {
        var seed: Int
        var peaks: [Int]
        var low: [Int]
        var constant: Bool?
        var floor: [Int]?
        var text: [Int]
        var frames: Int
        /// Null is no number.
        var matrix: [Float?]
        var rows: [Int]
        var columns: [Int]
        var words: [TimedWord]

        var attention: MadeUpAttention {
            MadeUpAttention(seed: seed, peaks: peaks, low: low, isConstant: constant ?? false, floor: floor ?? [0, 0])
        }
    }

    /// Text, start, end, probability.
    struct TimedWord: Decodable {
        var text: String
        var times: [Double]

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            text = try list.decode(String.self)
            times = []
            while !list.isAtEnd { times.append(try list.decode(Double.self)) }
        }
    }

    /// A whole file through the reference's loop.
    struct File: Decodable {
        struct Options: Decodable {
            var contentFrames: Int
            var language: String
            var conditionOnPreviousText: Bool
            var hallucinationSilence: Double?
            var clipTimestamps: [Double]
            var withoutTimestamps: Bool
            var prepended: String?
            var appended: String?
        }
        struct Window: Decodable {
            var tokens: [Int]
            var sum: Double
            var noSpeech: Double
            var temperature: Double
            var seek: Int
            var size: Int
            var seed: Int
            var peaks: [Int]
            var low: [Int]

            var attention: MadeUpAttention { MadeUpAttention(seed: seed, peaks: peaks, low: low) }
        }
        struct Segment: Decodable {
            var seek: Int
            var start: Double
            var end: Double
            var tokens: [Int]
            var words: [String]
            /// Start, end, probability of each word.
            var times: [[Double]]
        }
        var options: Options
        var windows: [Window]
        var segments: [Segment]
        var text: String
    }

    /// Bytes of the text ids, in hexadecimal.
    var pieces: [String]
    var splits: [Split]
    var matrices: [Matrix]
    var files: [File]

    static func load() throws -> AlignmentGoldens { try Goldens.load("alignment.json") }

    var coder: PieceCoder { PieceCoder(pieces: pieces) }
}
