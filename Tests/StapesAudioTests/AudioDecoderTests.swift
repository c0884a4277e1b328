import StapesAudio
import StapesTesting
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

@Suite struct AudioDecoderTests {
    let ramp = (0..<4000).map { Int16(truncatingIfNeeded: $0 * 37 - 20_000) }

    private func error(_ source: AudioSource, limits: AudioLimits = .default) -> AudioError? {
        do {
            _ = try AudioDecoder.decode(source, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test func samplesAt16kHzMonoComeOutUnchanged() throws {
        let pcm = try AudioDecoder.decode(.bytes(WAV(ramp).bytes))
        #expect(pcm.samples == ramp.map { Float($0) / 32768 })
        #expect(pcm.durationSeconds == 0.25)
    }

    @Test func stereoIsMixedToItsMean() throws {
        let stereo = ramp.flatMap { [$0, $0 / 2] }
        let pcm = try AudioDecoder.decode(.bytes(WAV(stereo, channels: 2).bytes))
        #expect(pcm.samples.count == ramp.count)
        for (mixed, original) in zip(pcm.samples, ramp) {
            #expect(abs(mixed * 32768 - 0.75 * Float(original)) <= 2)
        }
    }

    // A resampler rebuilt per frame would lose or add samples at every frame.
    @Test(arguments: [8000, 11025, 22050, 44100, 48000, 96000])
    func otherRatesGiveTheSameDuration(rate: Int) throws {
        let second = (0..<2 * rate).map { Int16(8000 * sin(Double($0) * 2 * .pi * 440 / Double(rate))) }
        let pcm = try AudioDecoder.decode(.bytes(WAV(second, sampleRate: UInt32(rate)).bytes))
        #expect(abs(pcm.samples.count - 32_000) <= 1)
        // The middle is a clean 440 Hz tone: no seams.
        let expected = (0..<32_000).map { 8000.0 / 32768 * sin(Double($0) * 2 * .pi * 440 / 16000) }
        let worst = (1000..<31_000).map { abs(Double(pcm.samples[$0]) - expected[$0]) }.max()
        #expect(try #require(worst) < 0.002)
    }

    @Test func pathAndMemoryGiveTheSameSamples() throws {
        let directory = try TemporaryDirectory()
        let bytes = WAV(ramp, sampleRate: 22_050).bytes
        let path = try directory.write(bytes, to: "http:name that is no address.mp3")
        #expect(
            try AudioDecoder.decode(.file(path: path)).samples == AudioDecoder.decode(.bytes(bytes)).samples)
    }

    @Test func aPipeIsReadToItsEnd() throws {
        let bytes = WAV(ramp).bytes
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        // Small enough for the pipe's buffer, so nobody has to wait.
        #expect(write(ends[1], bytes, bytes.count) == bytes.count)
        close(ends[1])
        defer { close(ends[0]) }
        #expect(try AudioDecoder.decode(.file(path: "/dev/fd/\(ends[0])")).samples.count == ramp.count)
    }

    @Test func samplesThatAreNoNumbersComeOutFinite() throws {
        let floats: [Float] = [.nan, .infinity, -.infinity, 1e30, -1e30, 2, -2, 0.25]
        let decoded = try AudioDecoder.decode(.bytes(WAV(floats: floats).bytes)).samples
        #expect(decoded.count == 8)
        #expect(decoded.allSatisfy { abs($0) <= 1 })
        #expect(decoded[5...] == [32767 / 32768, -1, 0.25])
        let given = try AudioDecoder.decode(.samples(floats)).samples
        #expect(given == [0, 1, -1, 1, -1, 1, -1, 0.25])
    }

    @Test func headerWithoutSamplesGivesNone() throws {
        #expect(try AudioDecoder.decode(.bytes(WAV([]).bytes)).samples.isEmpty)
        #expect(try AudioDecoder.decode(.samples([])).samples.isEmpty)
    }

    @Test func pathsWithoutAudioSayWhy() throws {
        let directory = try TemporaryDirectory()
        let missing = try #require(error(.file(path: "\(directory.path)/x.wav")))
        #expect(missing.code == .notFound)
        #expect(missing.message == "cannot open '\(directory.path)/x.wav': no such file or directory")
        #expect(error(.file(path: directory.path))?.code == .notAFile)
        #expect(error(.file(path: ""))?.code == .notFound)
        #expect(error(.file(path: "a\0b"))?.code == .notFound)
        let empty = try directory.write([], to: "empty.wav")
        #expect(error(.file(path: empty))?.message == "cannot decode '\(empty)': it is empty")
        let text = try directory.write(Array("just some words, no sound".utf8), to: "text.wav")
        #expect(error(.file(path: text))?.message == "cannot decode '\(text)': not a recognised audio format")
        let locked = try directory.write(WAV(ramp).bytes, to: "locked.wav")
        chmod(locked, 0)
        // The superuser may read it anyway.
        if geteuid() != 0 { #expect(error(.file(path: locked))?.code == .unreadable) }
    }

    @Test func bytesWithoutAudioSayWhy() {
        #expect(error(.bytes([]))?.message == "cannot decode the audio: it is empty")
        #expect(error(.bytes([0]))?.code == .notRecognised)
        #expect(error(.bytes(WAV(ramp, channels: 0).bytes)) != nil)
        #expect(error(.bytes(WAV(ramp, sampleRate: 0).bytes)) != nil)
        let slow = error(.bytes(WAV(ramp, sampleRate: 1).bytes))
        #expect(slow?.message == "cannot decode the audio: unusable sample rate of 1 Hz")
        let nine = error(.bytes(WAV(ramp, channels: 9).bytes))
        #expect(nine?.message == "cannot decode the audio: unknown layout of 9 channels")
    }

    @Test func manyThreadsDecodeTheSame() async throws {
        let bytes = WAV(ramp, sampleRate: 44_100).bytes
        let expected = try AudioDecoder.decode(.bytes(bytes)).samples
        try await withThrowingTaskGroup(of: [Float].self) { group in
            for _ in 0..<32 { group.addTask { try AudioDecoder.decode(.bytes(bytes)).samples } }
            for try await samples in group { #expect(samples == expected) }
        }
    }
}
