import StapesAudio
import StapesModel
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Windows of samples, and the loudest value of a file, against the log-mel of the whole file.
@Suite struct FramedPCMTests {
    /// What a device makes of a window of samples, by the definition: frame f sees 400 samples from 160 f - lead on.
    private func features(_ window: FramedPCM.Window, loudest: Float, frames: Int, filters: MelFilterBank) -> [Double] {
        (0..<frames).flatMap { frame -> [Double] in
            guard frame < window.content else { return [Double](repeating: 0, count: filters.bins) }
            let samples = Array(window.samples)
            let seen = (0..<400).map { offset -> Float in
                let position = abs(frame * 160 - window.lead + offset)
                return position < samples.count ? samples[position] : 0
            }
            return DirectSpectrum.logMel(framed: seen, filters: filters).map {
                (max($0, Double(loudest) - 8) + 4) / 4
            }
        }
    }

    private func noise(_ count: Int) -> PCM {
        var noise = Noise(seed: UInt64(count) + 9)
        return PCM(samples: noise.samples(count))
    }

    @Test(arguments: [0, 1, 150, 201, 321, 1600, 3000, 8000]) func windowsSeeWhatTheirFramesAreMadeOf(count: Int) {
        let pcm = noise(count)
        let extractor = LogMelExtractor(bins: 80)
        let mel = extractor.extract(pcm)
        let framed = FramedPCM(pcm, loudest: extractor.loudest(of: pcm))
        #expect(framed.contentFrames == mel.contentFrames && framed.frameCount == mel.frameCount)
        let filters = MelFilterBank(bins: 80)
        let whole = mel.contentFrames
        for (seek, size, frames) in [
            (0, whole, whole + 2), (0, whole + 4, whole + 4), (1, 1, 2), (2, 3, 3), (whole, 0, 1), (whole, 3, 5),
            (whole / 2, 2, 2), (whole + 9, 1, 1), (0, 1, 1),
        ] {
            let window = framed.window(seek: seek, size: size, frames: frames)
            let wanted = mel.window(seek: seek, size: size, frames: frames)
            let got = features(window, loudest: framed.loudest, frames: frames, filters: filters)
            let worst = zip(got, wanted).map { abs($0 - Double($1)) }.max() ?? .infinity
            #expect(worst < 2e-5, "\(size) frames from \(seek) on of \(count) samples: \(worst)")
            #expect(window.samples.count <= max(0, 160 * (frames - 1) + 400) - window.lead || frames == 1)
        }
    }

    @Test func windowsShareTheFilesSamples() {
        let pcm = noise(480_000)
        let framed = FramedPCM(pcm, loudest: 1)
        let window = framed.window(seek: 1000, size: 3000 - 1000)
        #expect(window.samples.startIndex == 159_800 && window.samples.endIndex == 480_000 && window.lead == 0)
        let shared = pcm.samples.withUnsafeBufferPointer { whole in
            window.samples.withUnsafeBufferPointer { $0.baseAddress == whole.baseAddress! + 159_800 }
        }
        #expect(shared)
    }

    // MARK: The loudest value

    /// As `extract` has it: silence lies eight decades below it.
    private func silence(of mel: LogMel) throws -> Float { try #require(mel.detectionWindow().last) }

    @Test(arguments: LogMelExtractorTests.levels, [80, 128])
    func loudestIsThatOfTheWholeFile(level: Int, bins: Int) throws {
        let extractor = try #require(LogMelExtractor(bins: bins, level: level))
        var noise = Noise(seed: UInt64(bins + level))
        var files: [[Float]] = [
            [], [0.5], noise.samples(199), noise.samples(50_000), [Float](repeating: 0, count: 9000),
        ]
        // A tone, whose power one filter has, or whose energy is in a place or two of much noise.
        for hertz in [40.0, 300, 1000, 3900, 7990] {
            let tone = (0..<20_000).map { Float(DirectSpectrum.tone(hertz: hertz, sample: $0)) }
            files.append(tone)
            for place in [0, 37, 10_000, 29_000] {
                var file = noise.samples(30_000, amplitude: 0.3)
                for (index, value) in tone[..<900].enumerated() where place + index < file.count {
                    file[place + index] += 0.4 * value
                }
                files.append(file)
            }
        }
        // A click at every edge.
        for place in [0, 1, 199, 200, 12_345, 29_999] {
            var file = noise.samples(30_000, amplitude: 1e-3)
            file[place] = 1
            files.append(file)
        }
        for (index, file) in files.enumerated() {
            let pcm = PCM(samples: file)
            let loudest = extractor.loudest(of: pcm)
            let wanted = try silence(of: extractor.extract(pcm))
            #expect((max(-10, loudest - 8) + 4) / 4 == wanted, "file \(index)")
            #expect(loudest >= -10)
        }
    }

    /// No value of a filter is above what its frame's energy allows.
    @Test(arguments: [80, 128]) func energyBoundsEveryFilter(bins: Int) throws {
        let filters = MelFilterBank(bins: bins)
        var largest = 0.0
        for point in stride(from: 0, through: 200, by: 8) {
            let tone = (0..<400).map { Float(0.5 * DirectSpectrum.tone(hertz: 40 * Double(point), sample: $0 + 3)) }
            // As a frame sees them.
            let energy = tone.enumerated().reduce(0.0) { sum, one in
                let hann = 0.5 - 0.5 * DirectSpectrum.cosine(one.offset)
                return sum + Double(one.element) * Double(one.element) * hann * hann
            }
            guard energy > 1e-9 else { continue }
            let power = DirectSpectrum.logMel(framed: tone, filters: filters).map { pow(10, $0) / energy }.max() ?? 0
            #expect(power <= Double(filters.largestPower))
            largest = max(largest, power)
        }
        #expect(largest > Double(filters.largestPower) / 10, "and the bound is of use")
    }
}
