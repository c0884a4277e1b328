import StapesAudio
import StapesTesting
import Synchronization
import Testing

@Suite struct AudioLimitsTests {
    let second = WAV([Int16](repeating: 100, count: 16_000)).bytes

    @Test func audioOfExactlyTheLimitsIsTaken() throws {
        let limits = AudioLimits(maximumByteCount: second.count, maximumSeconds: 1)
        #expect(try AudioDecoder.decode(.bytes(second), limits: limits).samples.count == 16_000)
        #expect(
            try AudioDecoder.decode(.samples([Float](repeating: 0, count: 16_000)), limits: limits).samples.count
                == 16_000)
    }

    @Test func oneSampleMoreIsTooLong() {
        let longer = WAV([Int16](repeating: 100, count: 16_001)).bytes
        let limits = AudioLimits(maximumByteCount: 1 << 20, maximumSeconds: 1)
        let error = #expect(throws: AudioError.self) { try AudioDecoder.decode(.bytes(longer), limits: limits) }
        #expect(error?.code == .tooLong)
        #expect(error?.message == "cannot decode the audio: longer than 1 seconds")
        let samples = #expect(throws: AudioError.self) {
            try AudioDecoder.decode(.samples([Float](repeating: 0, count: 16_001)), limits: limits)
        }
        #expect(samples?.code == .tooLong)
    }

    @Test func oneByteMoreIsTooManyWhereverItComesFrom() throws {
        let limits = AudioLimits(maximumByteCount: second.count - 1, maximumSeconds: 10)
        let path = try TemporaryDirectory()
        let file = try path.write(second, to: "second.wav")
        for source in [AudioSource.bytes(second), .file(path: file)] {
            let error = #expect(throws: AudioError.self) { try AudioDecoder.decode(source, limits: limits) }
            #expect(error?.code == .tooManyBytes)
        }
    }

    /// Four hours, of which little is decoded once nobody waits for them.
    @Test func cancelledAudioIsGivenUpSoon() throws {
        let hours = WAV([Int16](repeating: 100, count: 4 * 3600 * 1000), sampleRate: 1000).bytes
        let asked = Atomic(0)
        let clock = ContinuousClock()
        let start = clock.now
        let error = #expect(throws: AudioError.self) {
            try AudioDecoder.decode(.bytes(hours), limits: AudioLimits(maximumByteCount: 1 << 30, maximumSeconds: 1e6))
            {
                asked.wrappingAdd(1, ordering: .relaxed).newValue > 100
            }
        }
        #expect(error?.code == .cancelled)
        #expect(clock.now - start < .seconds(1))
        let never = #expect(throws: AudioError.self) { try AudioDecoder.decode(.bytes(hours)) { true } }
        #expect(never?.code == .cancelled)
    }

    // 44 bytes of header may promise any rate: what counts is what would come out.
    @Test func slowRatesCannotBlowUpTheOutput() {
        let wav = WAV([Int16](repeating: 100, count: 60_000), sampleRate: 1000).bytes
        let limits = AudioLimits(maximumByteCount: 1 << 20, maximumSeconds: 30)
        let error = #expect(throws: AudioError.self) { try AudioDecoder.decode(.bytes(wav), limits: limits) }
        #expect(error?.code == .tooLong)
    }

    @Test func absurdLimitsDoNotTrap() throws {
        for seconds in [Double.infinity, 1e300] {
            let limits = AudioLimits(maximumByteCount: .max, maximumSeconds: seconds)
            #expect(try AudioDecoder.decode(.bytes(second), limits: limits).samples.count == 16_000)
        }
        for seconds in [Double.nan, -1, 0] {
            let limits = AudioLimits(maximumByteCount: .max, maximumSeconds: seconds)
            #expect(throws: AudioError.self) { try AudioDecoder.decode(.bytes(second), limits: limits) }
        }
    }
}
