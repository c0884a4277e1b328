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

/// What a build without FFmpeg's libraries reads.
@Suite struct WAVDecoderTests {
    private func decoder(_ limits: AudioLimits = .default, isCancelled: Bool = false) -> WAVDecoder {
        WAVDecoder(name: "the audio", limits: limits, isCancelled: { isCancelled })
    }

    private func error(_ bytes: [UInt8], limits: AudioLimits = .default, isCancelled: Bool = false) -> AudioError? {
        do {
            _ = try decoder(limits, isCancelled: isCancelled).decode(bytes)
            return nil
        } catch {
            return error
        }
    }

    private static func wave(bits: UInt16, count: Int, seed: UInt64) -> WAV {
        var noise = Noise(seed: seed)
        var wave = WAV([])
        wave.bitsPerSample = bits
        wave.data = (0..<count * Int(bits) / 8).map { _ in UInt8(noise.next(below: 256)) }
        return wave
    }

    private static let floats: [Float] = {
        var noise = Noise(seed: 3)
        let random = (0..<5000).map { _ in Float(noise.next(below: 1 << 24)) * 0x1p-23 - 1 }
        // Halves of a step go to the even one; outside -1...1 is clipped.
        return random + (-9...9).map { (Float($0) + 0.5) / 32768 } + [1, -1, 1.5, -1.5, 0, -0.0]
    }()

    @Test func sixteenBitsComeOutUnchanged() throws {
        let samples = (0..<4000).map { Int16(truncatingIfNeeded: $0 * 37 - 20_000) }
        #expect(try decoder().decode(WAV(samples).bytes).samples == samples.map { Float($0) / 32768 })
    }

    @Test func finerIntegersAreCutToSixteenBits() throws {
        for bits in [24, 32] as [UInt16] {
            var wave = WAV([])
            wave.bitsPerSample = bits
            let width = Int(bits) / 8
            for value in [0x7FFF, 0x1234, 0, -1, -32768] {
                wave.data += [UInt8](repeating: 0xFF, count: width - 2)
                wave.data += [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
            }
            let expected: [Float] = [32767 / 32768, 4660 / 32768, 0, -1 / 32768, -1]
            #expect(try decoder().decode(wave.bytes).samples == expected)
        }
    }

    @Test func whatIsNoNumberIsSilent() throws {
        let samples = try decoder().decode(WAV(floats: [.nan, .infinity, -.infinity, 1e30, 0.25]).bytes).samples
        #expect(samples == [0, 32767 / 32768, -1, 32767 / 32768, 0.25])
    }

    @Test func extensibleHeadersAndOtherChunksAreRead() throws {
        let plain = WAV([1, -2, 3]).bytes
        var bytes = Array(plain[..<12])
        // An odd chunk is padded to an even size.
        bytes += Array("LIST".utf8) + [3, 0, 0, 0, 1, 2, 3, 0]
        bytes += Array("fmt ".utf8) + [40, 0, 0, 0, 0xFE, 0xFF] + plain[22..<36]
        bytes += [22, 0, 16, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
        bytes += plain[36...]
        #expect(try decoder().decode(bytes).samples == [1 / 32768, -2 / 32768, 3 / 32768])
    }

    @Test func sizesOfAPipeMeanItsEnd() throws {
        var bytes = WAV([5, 6]).bytes
        for byte in [0xFF, 0] as [UInt8] {
            for offset in [4, 40] {
                bytes.replaceSubrange(offset..<offset + 4, with: [UInt8](repeating: byte, count: 4))
            }
            // Half a sample is none.
            #expect(try decoder().decode(bytes + [7]).samples == [5 / 32768, 6 / 32768])
        }
    }

    @Test func filesGiveWhatMemoryGives() throws {
        let bytes = Self.wave(bits: 24, count: 3000, seed: 5).bytes
        let directory = try TemporaryDirectory()
        let file = open(try directory.write(bytes, to: "a.wav"), O_RDONLY)
        try #require(file >= 0)
        defer { close(file) }
        let samples = try decoder().decode(file: file, byteCount: bytes.count).samples
        #expect(try samples == decoder().decode(bytes).samples)
        #expect(samples.count == 3000)
    }

    @Test func everythingElseIsOneClearError() {
        #expect(error([])?.message == "cannot decode the audio: it is empty")
        let other = error(Array("fLaC and more than twelve bytes".utf8))
        #expect(other?.code == .notRecognised)
        #expect(other?.message == "cannot decode the audio: this build reads WAV only (no FFmpeg)")
        let stereo = error(WAV([1, 2], channels: 2).bytes)
        #expect(stereo?.code == .notAccepted)
        #expect(
            stereo?.message
                == "cannot decode the audio: this build reads WAV of 1 channel at 16000 Hz only (no FFmpeg), not 2 at 16000 Hz"
        )
        #expect(error(WAV([1], sampleRate: 44_100).bytes)?.code == .notAccepted)
        var bytes = WAV([1])
        bytes.bitsPerSample = 8
        #expect(error(bytes.bytes)?.message.hasSuffix("not format 1 of 8 bits") == true)
        #expect(error(Array(WAV([1]).bytes[..<30]))?.code == .notRecognised)
        #expect(error(Array(WAV([1]).bytes[..<36]))?.code == .noAudio)
    }

    @Test func limitsHold() {
        let second = WAV([Int16](repeating: 1, count: 16_000)).bytes
        let exact = AudioLimits(maximumByteCount: second.count, maximumSeconds: 1)
        #expect(error(second, limits: exact) == nil)
        #expect(error(second, limits: AudioLimits(maximumByteCount: 99, maximumSeconds: 1))?.code == .tooManyBytes)
        let short = AudioLimits(maximumByteCount: 1 << 20, maximumSeconds: 0.5)
        #expect(error(second, limits: short)?.code == .tooLong)
        #expect(error(second, isCancelled: true)?.code == .cancelled)
    }

    @Test func damagedFilesEndInSamplesOrAnError() {
        var noise = Noise(seed: 11)
        let whole = WAV((0..<500).map { Int16($0) }).bytes
        for _ in 0..<2000 {
            var bytes = whole
            if noise.next(below: 4) == 0 { bytes.removeLast(noise.next(below: bytes.count)) }
            let reach = min(bytes.count, 48)
            for _ in 0...noise.next(below: 4) where reach > 0 {
                bytes[noise.next(below: reach)] = [0, 0x7F, 0x80, 0xFF][noise.next(below: 4)]
            }
            let message = error(bytes)?.message
            #expect(message == nil || message?.hasPrefix("cannot decode the audio: ") == true)
        }
    }

    #if FFmpeg
        private func libav(_ bytes: [UInt8]) throws -> [Float] {
            try AudioDecoder.decode(.bytes(bytes)).samples
        }

        @Test func samplesAreThoseOfLibav() throws {
            for bits in [16, 24, 32] as [UInt16] {
                let bytes = Self.wave(bits: bits, count: 5000, seed: UInt64(bits)).bytes
                #expect(try decoder().decode(bytes).samples == libav(bytes), "\(bits) bits")
            }
            let bytes = WAV(floats: Self.floats).bytes
            #expect(try decoder().decode(bytes).samples == libav(bytes))
        }

        @Test(.enabled(if: SpeechData.isPresent, "needs the recordings"))
        func recordingsAreThoseOfLibav() throws {
            var compared = 0
            for entry in try SpeechData.manifest() where entry.audio.hasSuffix(".wav") && entry.category != "invalid" {
                let bytes = try SpeechData.bytes(entry.audio)
                guard let samples = try? decoder().decode(bytes).samples else { continue }
                #expect(try samples == libav(bytes), "\(entry.audio)")
                compared += 1
            }
            #expect(compared > 0)
        }
    #endif
}
