import Foundation
import StapesAPI
import Testing

@Suite("Realtime audio")
struct RealtimeAudioTests {
    private static let rates = [8000, 24_000, 48_000]

    private func sine(_ frequency: Double, rate: Int, count: Int) -> [Float] {
        (0..<count).map { Float(0.5 * sin(2 * .pi * frequency * Double($0) / Double(rate))) }
    }

    private func resampled(_ samples: [Float], from rate: Int, to output: Int = 16_000) -> [Float] {
        var resampler = StreamResampler(from: rate, to: output)
        return resampler.resample(samples) + resampler.finish()
    }

    /// Decibels of signal over what differs from it, away from the edges.
    private func signalToNoise(_ samples: [Float], _ truth: [Float]) -> Double {
        var (signal, noise) = (0.0, 0.0)
        for index in 200..<truth.count - 200 {
            signal += pow(Double(truth[index]), 2)
            noise += pow(Double(samples[index] - truth[index]), 2)
        }
        return 10 * log10(signal / noise)
    }

    @Test("A sine is the same sine at 16 kHz, in its place", arguments: rates)
    func sineStays(rate: Int) {
        for frequency in [100.0, 1000, 3000, 3200] + (rate > 8000 ? [6500.0] : []) {
            let samples = resampled(sine(frequency, rate: rate, count: rate / 2), from: rate)
            let ratio = signalToNoise(samples, sine(frequency, rate: 16_000, count: 8000))
            #expect(ratio > 70, "\(frequency) Hz from \(rate): \(ratio) dB")
        }
    }

    @Test("What 16 kHz cannot hold is not heard as something else", arguments: [24_000, 48_000])
    func aliases(rate: Int) {
        for frequency in [8500.0, 10_000, 11_500] {
            let samples = resampled(sine(frequency, rate: rate, count: rate / 2), from: rate)
            let loudest = samples.dropFirst(200).dropLast(200).map(abs).max() ?? 1
            #expect(loudest < 1e-4, "\(frequency) Hz from \(rate): \(loudest)")
        }
    }

    @Test("What is constant stays", arguments: rates)
    func constant(rate: Int) {
        let samples = resampled([Float](repeating: 0.25, count: rate / 4), from: rate)
        #expect(samples.dropFirst(200).dropLast(200).allSatisfy { abs($0 - 0.25) < 1e-5 })
    }

    @Test("The output lasts as long as the input, rounded up", arguments: rates)
    func lengths(rate: Int) {
        for count in Array(0...20) + [239, 480, 4801] {
            let expected = (count * 16_000 + rate - 1) / rate
            #expect(resampled([Float](repeating: 0, count: count), from: rate).count == expected)
        }
    }

    @Test("Samples do not depend on the chunks", arguments: rates)
    func chunks(rate: Int) {
        let samples = sine(777, rate: rate, count: 5000)
        let truth = resampled(samples, from: rate)
        for size in [1, 2, 3, 7, 100, 1023] {
            var resampler = StreamResampler(from: rate, to: 16_000)
            var output: [Float] = []
            for start in stride(from: 0, to: samples.count, by: size) {
                output += resampler.resample(Array(samples[start..<min(start + size, samples.count)]))
            }
            #expect(output + resampler.finish() == truth, "chunks of \(size)")
        }
    }

    @Test("A resampler is as new after its end")
    func again() {
        let samples = sine(300, rate: 24_000, count: 1000)
        var resampler = StreamResampler(from: 24_000, to: 16_000)
        let first = resampler.resample(samples) + resampler.finish()
        #expect(resampler.resample(samples) + resampler.finish() == first)
    }

    @Test("16 bits come with the low byte first, and half a sample waits for its other half")
    func integers() {
        let bytes: [UInt8] = [0x00, 0x00, 0x01, 0x00, 0xFF, 0x7F, 0x00, 0x80, 0xFF, 0xFF]
        let truth: [Float] = [0, 1 / 32_768, 32_767 / 32_768, -1, -1 / 32_768]
        for size in 1...bytes.count {
            var audio = RealtimeAudio(.pcm(rate: 16_000))
            var samples: [Float] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                samples += audio.samples(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(samples == truth, "chunks of \(size)")
        }
    }

    /// The companded bytes at 8 kHz as 16 bits: silence between them would be smeared, so each is held.
    private func level(_ byte: UInt8, _ format: RealtimeAudioFormat) -> Int {
        var audio = RealtimeAudio(format)
        let samples = audio.samples([UInt8](repeating: byte, count: 400))
        return Int((samples[400] * 32_768).rounded())
    }

    @Test("Companded bytes have the values of G.711's tables")
    func companded() {
        let muLaw: [(UInt8, Int)] = [
            (0x00, -32_124), (0x80, 32_124), (0xFF, 0), (0x7F, 0), (0xFE, 8), (0x7E, -8), (0xF0, 120), (0xEF, 132),
            (0x8F, 16_764), (0xC0, 1884),
        ]
        for (byte, value) in muLaw { #expect(level(byte, .muLaw) == value, "µ-law \(byte)") }
        let aLaw: [(UInt8, Int)] = [
            (0xD5, 8), (0x55, -8), (0xD4, 24), (0xAA, 32_256), (0x2A, -32_256), (0x80, 5504), (0xC5, 264),
        ]
        for (byte, value) in aLaw { #expect(level(byte, .aLaw) == value, "A-law \(byte)") }
    }
}
