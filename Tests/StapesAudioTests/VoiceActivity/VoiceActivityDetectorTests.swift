import Foundation
import StapesAudio
import StapesModel
import StapesTesting
import Testing

@Suite struct VoiceActivityDetectorTests {
    static let levels = (0...3).filter { VoiceActivityDetector(random, level: $0) != nil }

    /// Weights that keep every part of the network busy: each layer's outputs are about as large as its inputs.
    static let random: VoiceActivityWeights = {
        var generator = SeededGenerator(seed: 9)
        return VoiceActivityWeights(
            values: VoiceActivityWeights.layout.flatMap { name, shape in
                let inputs = shape.dropFirst().reduce(1, *)
                let scale: Float = name.hasSuffix("bias") || inputs == 1024 ? 0.3 : 3 / Float(inputs).squareRoot()
                return (0..<shape.reduce(1, *)).map { _ in generator.nextSignedUnit() * scale }
            })
    }()

    private func noise(_ count: Int) -> [Float] {
        var noise = Noise(seed: UInt64(count))
        return noise.samples(count)
    }

    private func worst(_ values: [Float], _ truth: [Double]) -> Double {
        zip(values, truth).map { abs(Double($0) - $1) }.max() ?? .infinity
    }

    // Two blocks of the widest vectors and some frames more; the last frame is half full.
    @Test(arguments: levels) func probabilitiesEqualTheDefinition(level: Int) throws {
        let samples = noise(37 * 512 + 256)
        var direct = DirectVoiceActivity(Self.random)
        let truth = direct.probabilities(samples + [Float](repeating: 0, count: 256))
        let detector = try #require(VoiceActivityDetector(Self.random, level: level))
        let values = detector.probabilities(PCM(samples: samples))
        #expect(values.count == 38)
        #expect(worst(values, truth) < 1e-5)
        // They say something: the random network is not stuck.
        #expect(try #require(truth.max()) - #require(truth.min()) > 0.01)
    }

    @Test(arguments: levels) func aFrameDoesNotDependOnWhatFollows(level: Int) throws {
        let detector = try #require(VoiceActivityDetector(Self.random, level: level))
        let samples = noise(50 * 512)
        let whole = detector.probabilities(PCM(samples: samples))
        for frames in [1, 3, 8, 15, 16, 17, 33] {
            let part = detector.probabilities(PCM(samples: Array(samples.prefix(frames * 512))))
            #expect(part.count == frames + 1)
            #expect(Array(part.prefix(frames)) == Array(whole.prefix(frames)))
        }
    }

    @Test(arguments: [0, 1, 447, 448, 449, 511, 512, 513, 8191, 8192]) func audioOfAnyLengthIsPadded(count: Int) {
        let samples = noise(count)
        let frames = count / 512 + 1
        var padded = samples + [Float](repeating: 0, count: frames * 512 - count)
        padded.replaceSubrange(frames * 512 - 64..<frames * 512, with: [Float](repeating: 0, count: 64))
        var direct = DirectVoiceActivity(Self.random)
        let values = VoiceActivityDetector(Self.random).probabilities(PCM(samples: samples))
        #expect(values.count == frames)
        #expect(worst(values, direct.probabilities(padded)) < 1e-5)
    }

    @Test func levelsAgree() throws {
        let pcm = PCM(samples: noise(48_000))
        let first = try #require(VoiceActivityDetector(Self.random, level: 0)).probabilities(pcm)
        for level in Self.levels {
            let other = try #require(VoiceActivityDetector(Self.random, level: level)).probabilities(pcm)
            #expect(zip(first, other).allSatisfy { abs($0 - $1) < 1e-5 })
        }
        #expect(VoiceActivityDetector(Self.random, level: 4) == nil)
    }

    @Test func absentWeightsSayHowToGetThem() throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: ModelError.self) { try VoiceActivityWeights(directory: directory.path) }
        #expect(error?.code == .missingFile)
        #expect(error?.message.contains("Scripts/fetch-model silero-vad") == true)
    }
}

/// The trained network against what onnxruntime made of the same file.
@Suite(.enabled(if: TestModels.hasVoiceActivity, "needs the model silero-vad"))
struct TrainedVoiceActivityTests {
    private static func pcm(_ path: String) throws -> PCM {
        try AudioDecoder.decode(.file(path: path.hasPrefix("/") ? path : "\(Repository.directory)/\(path)"))
    }

    @Test(arguments: VoiceActivityDetectorTests.levels) func probabilitiesEqualThoseOfONNXRuntime(level: Int) throws {
        let weights = try VoiceActivityWeights(directory: TestModels.voiceActivity)
        let detector = try #require(VoiceActivityDetector(weights, level: level))
        for recording in try VoiceActivityGolden.read().recordings {
            let pcm = try Self.pcm(recording.path)
            #expect(pcm.samples.count == recording.sampleCount)
            let values = detector.probabilities(pcm)
            #expect(values.count == recording.probabilities.count)
            let worst = zip(values, recording.probabilities).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst < 1e-5, "\(recording.path)")
            for golden in recording.speech {
                let speech = detector.speech(in: pcm, options: golden.options)
                #expect(speech == VoiceActivityGolden.ranges(golden.ranges), "\(recording.path), \(golden.options)")
            }
        }
    }

    @Test func silenceIsNoSpeech() throws {
        let detector = VoiceActivityDetector(try VoiceActivityWeights(directory: TestModels.voiceActivity))
        #expect(detector.speech(in: PCM(samples: [Float](repeating: 0, count: 160_000))) == [])
        #expect(detector.speech(in: PCM(samples: [])) == [])
    }

    /// Prints how many times faster than real time one thread goes. It holds no expectation: what a quiet machine takes
    /// is no property of the code.
    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["STAPES_TIMINGS"] == "1", "prints times with STAPES_TIMINGS=1")
    )
    func timings() throws {
        let weights = try VoiceActivityWeights(directory: TestModels.voiceActivity)
        let speech = try Self.pcm("Samples/jfk-inaugural.flac").samples
        let pcm = PCM(samples: (0..<6).flatMap { _ in speech })
        print("| voice activity, one thread | times real time |")
        for level in VoiceActivityDetectorTests.levels {
            let detector = try #require(VoiceActivityDetector(weights, level: level))
            let times = (0..<11).map { _ in ContinuousClock().measure { _ = detector.probabilities(pcm) } }.sorted()
            print("| level \(level) | \(Int(pcm.durationSeconds / (times[5] / .seconds(1)))) |")
        }
    }
}
