import StapesAudio
import StapesModel
import Testing

@Suite struct LogMelExtractorTests {
    static let levels = (0...3).filter { LogMelExtractor(bins: 80, level: $0) != nil }

    /// All frames of the padded file, `[frameCount, bins]`.
    private func frames(_ mel: LogMel) -> [Float] {
        stride(from: 0, to: mel.frameCount, by: LogMel.windowFrames).flatMap { seek in
            let size = min(LogMel.windowFrames, mel.frameCount - seek)
            return mel.window(seek: seek, size: size).prefix(size * mel.bins)
        }
    }

    private func noise(_ count: Int) -> [Float] {
        var noise = Noise(seed: UInt64(count))
        return noise.samples(count)
    }

    /// The largest difference of the first `count` frames from the definition.
    private func worstError(_ samples: [Float], count: Int, extractor: LogMelExtractor) -> Double {
        let filters = MelFilterBank(bins: extractor.bins)
        let truth = (0..<count).flatMap { DirectSpectrum.logMel(samples, frame: $0, filters: filters) }
        let largest = truth.max() ?? -10
        let values = frames(extractor.extract(PCM(samples: samples)))
        return zip(values, truth).map { abs(Double($0) - (max($1, largest - 8) + 4) / 4) }.max() ?? .infinity
    }

    @Test(arguments: levels, [80, 128]) func framesEqualTheDefinition(level: Int, bins: Int) throws {
        // Loud noise, then a faint part that the floor of 8 decades below the maximum almost hides.
        let samples = noise(5000) + noise(5001).map { $0 * 1e-3 }
        let extractor = try #require(LogMelExtractor(bins: bins, level: level))
        #expect(worstError(samples, count: 66, extractor: extractor) < 2e-5)
    }

    @Test(arguments: levels) func aToneStandsInItsFilter(level: Int) throws {
        // 1000 Hz is spectrum point 25.
        let tone = (0..<16_000).map { Float(DirectSpectrum.tone(hertz: 1000, sample: $0)) }
        let mel = try #require(LogMelExtractor(bins: 80, level: level)).extract(PCM(samples: tone))
        let row = mel.window(seek: 50, size: 1).prefix(80)
        let filters = MelFilterBank(bins: 80)
        let loudest = try #require(row.indices.max { row[$0] < row[$1] })
        let expected = (0..<80).max { filters.weights[$0 * 201 + 25] < filters.weights[$1 * 201 + 25] }
        #expect(loudest == expected)
    }

    @Test(arguments: [0, 1, 2, 159, 160, 161, 199, 200, 201, 399, 400, 1279, 1280, 1281, 479_999, 480_000, 480_160])
    func framesAreWholeHopsOfAnyLength(sampleCount: Int) {
        let samples = noise(sampleCount)
        let mel = LogMelExtractor(bins: 80).extract(PCM(samples: samples))
        #expect(mel.contentFrames == sampleCount / 160)
        #expect(mel.frameCount == sampleCount / 160 + 3000)
        let values = frames(mel)
        #expect(values.count == mel.frameCount * 80)
        #expect(values.allSatisfy { $0.isFinite })
        let largest = values.max() ?? 0
        #expect(values.allSatisfy { $0 >= largest - 2.000001 })
        // The end of the padded file is silence.
        #expect(Set(values.suffix(80)).count == 1)
    }

    @Test(arguments: levels) func edgeFramesReflectTheStartAndFadeIntoSilence(level: Int) throws {
        let extractor = try #require(LogMelExtractor(bins: 80, level: level))
        for count in [1, 150, 199, 321, 1000] {
            #expect(worstError(noise(count), count: count / 160 + 6, extractor: extractor) < 2e-5, "\(count) samples")
        }
    }

    @Test func silenceIsFlat() {
        for samples in [[], [Float](repeating: 0, count: 20_000)] {
            let values = frames(LogMelExtractor(bins: 128).extract(PCM(samples: samples)))
            #expect(values.allSatisfy { $0 == -1.5 })
        }
    }

    // Whichever frames share a vector, each gives the same bits: work may be split anywhere.
    @Test(arguments: levels) func framesDoNotDependOnTheirPlaceInTheFile(level: Int) throws {
        let extractor = try #require(LogMelExtractor(bins: 80, level: level))
        let samples = noise(16_000)
        let whole = frames(extractor.extract(PCM(samples: samples)))
        for hops in [1, 3, 7] {
            let later = frames(extractor.extract(PCM(samples: [Float](repeating: 0, count: hops * 160) + samples)))
            // From frame 2 on no reflection is seen.
            #expect(Array(whole[(2 * 80)..<(100 * 80)]) == Array(later[((2 + hops) * 80)..<((100 + hops) * 80)]))
        }
    }

    @Test func levelsAgree() throws {
        let pcm = PCM(samples: noise(48_000))
        let first = frames(try #require(LogMelExtractor(bins: 80, level: 0)).extract(pcm))
        for level in Self.levels {
            let other = frames(try #require(LogMelExtractor(bins: 80, level: level)).extract(pcm))
            #expect(zip(first, other).allSatisfy { abs($0 - $1) < 2e-5 })
        }
        #expect(LogMelExtractor(bins: 80, level: 4) == nil)
    }
}
