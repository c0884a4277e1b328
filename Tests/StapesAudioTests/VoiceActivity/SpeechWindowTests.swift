import StapesAudio
import Testing

@Suite struct SpeechWindowTests {
    /// Chunks with those that touch made one.
    private func runs(_ chunks: [Range<Int>]) -> [[Int]] {
        chunks.reduce(into: []) { runs, chunk in
            if let last = runs.indices.last, runs[last][1] == chunk.lowerBound {
                runs[last][1] = chunk.upperBound
            } else {
                runs.append([chunk.lowerBound, chunk.upperBound])
            }
        }
    }

    @Test func windowsAreThoseOfFasterWhisper() throws {
        for golden in try VoiceActivityGolden.read().packs {
            let chunks = VoiceActivityGolden.ranges(golden.chunks)
            let windows = SpeechWindow.pack(chunks, maximumSampleCount: golden.seconds * 16_000)
            #expect(windows.map(\.offsetSeconds) == golden.windows.map(\.offset))
            #expect(windows.map(\.durationSeconds) == golden.windows.map(\.duration))
            #expect(windows.map { runs($0.chunks) } == golden.windows.map(\.runs))
            #expect(windows.flatMap(\.chunks) == chunks)
        }
    }

    @Test func aWindowTakesChunksWhole() {
        let windows = SpeechWindow.pack([0..<300_000, 400_000..<580_000, 600_000..<600_001])
        #expect(windows.map(\.chunks) == [[0..<300_000, 400_000..<580_000], [600_000..<600_001]])
        #expect(windows.map(\.offset) == [0, 480_000])
        #expect(windows.map(\.sampleCount) == [480_000, 1])
    }

    @Test func aChunkLongerThanAWindowIsCut() {
        let windows = SpeechWindow.pack([10..<15, 20..<45, 50..<52], maximumSampleCount: 10)
        #expect(windows.map(\.chunks) == [[10..<15], [20..<30], [30..<40], [40..<45, 50..<52]])
        #expect(windows.map(\.offset) == [0, 5, 15, 25])
    }

    @Test func noSpeechMakesNoWindows() {
        #expect(SpeechWindow.pack([]) == [])
        #expect(SpeechWindow.pack([5..<5]) == [])
    }

    @Test func speechIsConcatenated() {
        let pcm = PCM(samples: (0..<10).map { Float($0) / 16 })
        #expect(pcm.concatenating([1..<3, 8..<12, 20..<30]).samples == [1, 2, 8, 9].map { Float($0) / 16 })
        #expect(pcm.concatenating([]).samples == [])
    }
}
