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

    // MARK: Windows of less than 30 s

    @Test(arguments: [1, 2, 99, 100, 101, 1500, 2999, 3000]) func shortWindowIsTheBeginningOfAFullOne(frames: Int) {
        for seek in [0, 1, 100, 249] {
            for size in Set([0, 1, frames / 2, frames]) where seek + size <= mel.frameCount {
                let window = mel.window(seek: seek, size: size, frames: frames)
                #expect(window.count == frames * bins)
                #expect(window == Array(mel.window(seek: seek, size: size)[..<(frames * bins)]))
                #expect(window[(size * bins)...].allSatisfy { $0 == 0 })
            }
        }
    }

    @Test func shortWindowsInARowAreTheFile() {
        let whole = mel.detectionWindow()[..<(250 * bins)]
        for frames in [1, 7, 64, 100, 250] {
            let windows = stride(from: 0, to: 250, by: frames).flatMap { seek in
                let size = min(frames, 250 - seek)
                return mel.window(seek: seek, size: size, frames: frames)[..<(size * bins)]
            }
            #expect(windows[...] == whole, "\(frames) frames")
        }
    }

    @Test(arguments: [1, 100, 250, 260, 1000, 3000]) func shortDetectionWindowIsTheBeginningOfTheFullOne(frames: Int) {
        #expect(mel.detectionWindow(frames: frames) == Array(mel.detectionWindow()[..<(frames * bins)]))
    }

    @Test func silencePastTheContentIsNoPadding() throws {
        // The file is 250 frames long, and a window may reach into the silence behind it.
        let window = mel.window(seek: 240, size: 100, frames: 120)
        let silence = try #require(mel.detectionWindow().last)
        #expect(window[(20 * bins)..<(100 * bins)].allSatisfy { $0 == silence })
        #expect(silence != 0 && window[(100 * bins)...].allSatisfy { $0 == 0 })
    }
}
