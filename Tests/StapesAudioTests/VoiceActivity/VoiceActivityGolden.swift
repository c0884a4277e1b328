import FoundationEssentials
import StapesAudio
import StapesTesting

/// What faster-whisper 1.2.1 made of recordings, made-up probabilities and chunks: `Scripts/make-vad-goldens.py`.
struct VoiceActivityGolden: Decodable {
    struct Recording: Decodable {
        let path: String
        let sampleCount: Int
        let probabilities: [Float]
        let speech: [Speech]
    }

    struct Speech: Decodable {
        let options: VoiceActivityOptions
        let ranges: [[Int]]
    }

    struct Cut: Decodable {
        let seed: UInt64
        let frames: Int
        let longestRun: Int
        let sampleCount: Int
        let options: VoiceActivityOptions
        let ranges: [[Int]]
    }

    struct Mapping: Decodable {
        let chunks: [[Int]]
        /// Start and end, seconds; likewise what became of them as a segment and as a word.
        let times: [[Double]]
        let segments: [[Double]]
        let words: [[Double]]
    }

    struct Pack: Decodable {
        struct Window: Decodable {
            /// Seconds.
            let offset: Double
            let duration: Double
            /// Samples without a gap between them.
            let runs: [[Int]]
        }

        let seconds: Int
        let chunks: [[Int]]
        let windows: [Window]
    }

    let recordings: [Recording]
    let cuts: [Cut]
    let maps: [Mapping]
    let packs: [Pack]

    static func read() throws -> VoiceActivityGolden {
        let path = Repository.directory + "/Tests/StapesAudioTests/Goldens/voice-activity.json"
        return try JSONDecoder().decode(VoiceActivityGolden.self, from: Data(contentsOf: URL(filePath: path)))
    }

    static func ranges(_ pairs: [[Int]]) -> [Range<Int>] { pairs.map { $0[0]..<$0[1] } }

    /// Runs of speech, silence, something between, and noise, as the script makes them.
    static func probabilities(_ cut: Cut) -> [Float] {
        var state = cut.seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 40) % bound
        }
        var values: [Float] = []
        while values.count < cut.frames {
            let (low, width) = [(32, 33), (0, 22), (20, 16), (0, 65)][next(4)]
            for _ in 0..<1 + next(cut.longestRun) { values.append(Float(low + next(width)) / 64) }
        }
        return Array(values.prefix(cut.frames))
    }
}
