import StapesAudio
import Testing

@Suite struct LogMelTests {
    let bins = 80
    /// 2.505 s: 250 frames of content.
    let mel: LogMel = {
        var noise = Noise(seed: 3)
        return LogMelExtractor(bins: 80).extract(PCM(samples: noise.samples(40_080)))
    }()

    @Test func framesPastTheContentAreZeroInAWindow() {
        let window = mel.window(seek: 100, size: 150)
        #expect(window.count == 3000 * bins)
        #expect(window[(150 * bins)...].allSatisfy { $0 == 0 })
        #expect(window[..<(150 * bins)].allSatisfy { $0 != 0 })
    }

    @Test func framesPastTheContentAreSilenceForDetection() throws {
        let window = mel.detectionWindow()
        #expect(window.count == 3000 * bins)
        let largest = try #require(window.max())
        // 8 decades under the maximum, and a quarter of that after scaling.
        #expect(window[(260 * bins)...].allSatisfy { abs($0 - (largest - 2)) < 1e-6 })
    }

    @Test func windowsAreSlicesOfTheFile() {
        let whole = mel.detectionWindow()
        for (seek, size) in [(0, 250), (1, 249), (17, 1), (100, 0), (249, 1), (240, 30)] {
            let window = mel.window(seek: seek, size: size)
            #expect(Array(window[..<(size * bins)]) == Array(whole[(seek * bins)..<((seek + size) * bins)]))
            #expect(window[(size * bins)...].allSatisfy { $0 == 0 })
        }
    }

    @Test func theLastFrameOfThePaddedFileCanBeReached() throws {
        let window = mel.window(seek: mel.frameCount - 1, size: 1)
        #expect(window[0] == mel.detectionWindow()[2999 * bins])
        #expect(window[bins] == 0)
    }

    @Test func aFullWindowHasNoPadding() {
        var noise = Noise(seed: 5)
        let long = LogMelExtractor(bins: bins).extract(PCM(samples: noise.samples(480_000)))
        #expect(long.contentFrames == 3000)
        #expect(long.window(seek: 0, size: 3000) == long.detectionWindow())
    }
}
