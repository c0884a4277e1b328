import StapesAudio
import Testing

@Suite struct SpeechMapTests {
    @Test func timesAreThoseOfFasterWhisper() throws {
        for golden in try VoiceActivityGolden.read().maps {
            let map = SpeechMap(VoiceActivityGolden.ranges(golden.chunks))
            for (index, times) in golden.times.enumerated() {
                let segment = map.segment(start: times[0], end: times[1])
                #expect([segment.start, segment.end] == golden.segments[index], "\(times) in \(golden.chunks)")
                let word = map.word(start: times[0], end: times[1])
                #expect([word.start, word.end] == golden.words[index], "\(times) in \(golden.chunks)")
            }
        }
    }

    @Test func aBorderEndsTheFirstChunkAndBeginsTheSecond() {
        // One second from 10 s on, one from 20 s on.
        let map = SpeechMap([160_000..<176_000, 320_000..<336_000])
        #expect(map.segment(start: 0, end: 1) == (10, 11))
        #expect(map.segment(start: 1, end: 2) == (20, 21))
        #expect(map.segment(start: 0.5, end: 1.5) == (10.5, 20.5))
        #expect(map.word(start: 0.9, end: 1.05) == (10.9, 11.05))
        // What the model stamps past the end.
        #expect(map.segment(start: 1.9, end: 7) == (20.9, 26))
    }

    @Test func timesWithoutSpeechStayAsTheyAre() {
        #expect(SpeechMap([]).segment(start: 1.234, end: 2) == (1.234, 2))
        #expect(SpeechMap([]).word(start: 1.234, end: 2) == (1.234, 2))
    }

    @Test func timesThatAreNoTimesDoNotTrap() {
        let map = SpeechMap([160..<320, 480..<640])
        for time in [Double.nan, .infinity, -.infinity, 1e300, -1] {
            _ = map.segment(start: time, end: time)
            _ = map.word(start: time, end: time)
        }
        #expect(map.segment(start: -1, end: -1) == (-0.99, -0.99))
    }

    @Test func hundredthsAreRoundedByTheExactValue() {
        // What Python gives for round(x, 2).
        let rounded: [(Double, Double)] = [
            (0.005, 0.01), (0.015, 0.01), (0.025, 0.03), (1.005, 1.0), (2.675, 2.67), (0.125, 0.12), (0.375, 0.38),
            (1.115, 1.11), (8.345, 8.35), (1234.565, 1234.57), (0, 0), (-0.125, -0.12), (-2.675, -2.67), (29.98, 29.98),
        ]
        for (value, expected) in rounded { #expect(SpeechMap.hundredths(value) == expected, "\(value)") }
    }

    @Test func scaledHundredthsAreRoundedAfterScaling() {
        // What numpy gives for round(x, 2): 2.675 is less than it looks, 100 times 2.675 is not.
        for (value, expected) in [(0.005, 0.0), (0.015, 0.02), (2.675, 2.68), (1.005, 1.0), (0.375, 0.38)] {
            #expect(SpeechMap.scaledHundredths(value) == expected, "\(value)")
        }
    }
}
