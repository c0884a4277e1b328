import StapesAudio
import Testing

@Suite struct VoiceActivityStreamTests {
    private let detector = VoiceActivityDetector(VoiceActivityDetectorTests.random)

    private func noise(_ count: Int) -> [Float] {
        var noise = Noise(seed: 5)
        return noise.samples(count)
    }

    @Test(arguments: [1, 63, 511, 512, 513, 1600, 20_000])
    func probabilitiesAreThoseOfTheRecording(chunk: Int) {
        let samples = noise(20_000)
        // The frame that is padded at the end is no frame of the stream.
        let truth = detector.probabilities(PCM(samples: samples)).dropLast()
        var stream = detector.stream()
        var found: [Float] = []
        for start in stride(from: 0, to: samples.count, by: chunk) {
            found += stream.probabilities(Array(samples[start..<min(start + chunk, samples.count)]))
        }
        #expect(found == Array(truth))
    }

    @Test func copiesGoOnByThemselves() {
        var stream = detector.stream()
        _ = stream.probabilities(noise(1000))
        var copy = stream
        let next = stream.probabilities(noise(3000))
        #expect(copy.probabilities([]).isEmpty)
        #expect(copy.probabilities(noise(3000)) == next)
    }

    @Test func frameCostsLittle() {
        var stream = detector.stream()
        let samples = noise(512)
        let start = ContinuousClock.now
        for _ in 0..<300 { _ = stream.probabilities(samples) }
        print("a frame of voice activity takes \((ContinuousClock.now - start) / 300)")
    }
}
