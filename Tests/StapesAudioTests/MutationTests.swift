import StapesAudio
import StapesTesting
import Testing

/// A short, reproducible fuzz run: whatever is done to a file, decoding ends with samples or an `AudioError`.
@Suite struct MutationTests {
    private func damage(_ bytes: [UInt8], _ noise: inout Noise) -> [UInt8] {
        var bytes = bytes
        if noise.next(below: 4) == 0 { bytes.removeLast(noise.next(below: bytes.count)) }
        let reach = noise.next(below: 2) == 0 ? min(bytes.count, 256) : bytes.count
        for _ in 0...noise.next(below: 16) where reach > 0 {
            bytes[noise.next(below: reach)] =
                [0, 0x7f, 0x80, 0xff, UInt8(noise.next(below: 256))][noise.next(below: 5)]
        }
        return bytes
    }

    private func run(_ files: [[UInt8]], rounds: Int) {
        var noise = Noise(seed: 7)
        var decoded = 0
        for _ in 0..<rounds {
            let bytes = damage(files[noise.next(below: files.count)], &noise)
            let limits = AudioLimits(maximumByteCount: 1 << 24, maximumSeconds: 60)
            do throws(AudioError) {
                let samples = try AudioDecoder.decode(.bytes(bytes), limits: limits).samples
                #expect(samples.count <= 60 * PCM.sampleRate && samples.allSatisfy { abs($0) <= 1 })
                decoded += 1
            } catch {
                #expect(error.message.hasPrefix("cannot decode the audio: "))
            }
        }
        // Both ends must be reached, or the run shows nothing.
        #expect(decoded > 0 && decoded < rounds)
    }

    @Test func damagedWavesEndInSamplesOrAnError() {
        let samples = (0..<8000).map { Int16(truncatingIfNeeded: $0 &* 7919) }
        run([WAV(samples).bytes, WAV(samples, channels: 2, sampleRate: 44_100).bytes], rounds: 300)
    }

    @Test(.enabled(if: SpeechData.isPresent, "needs the recordings")) func damagedRecordingsEndInSamplesOrAnError()
        throws
    {
        let files = try SpeechData.manifest()
            .filter { $0.category == "format" || $0.category == "invalid" }
            .map { try SpeechData.bytes($0.audio) }
        run(files.filter { !$0.isEmpty }, rounds: 200)
    }
}
