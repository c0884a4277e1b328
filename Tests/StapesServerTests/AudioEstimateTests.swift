import StapesServer
import StapesTesting
import Testing

@Suite("Length of an upload by its first bytes")
struct AudioEstimateTests {
    private func number(_ value: Int, bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(value >> (8 * $0) & 0xFF) } }

    private func wave(format: Int = 1, channels: Int, rate: Int, bits: Int) -> [UInt8] {
        Array("RIFF".utf8) + number(0, bytes: 4) + Array("WAVEfmt ".utf8) + number(16, bytes: 4)
            + number(format, bytes: 2) + number(channels, bytes: 2) + number(rate, bytes: 4) + number(0, bytes: 4)
            + number(0, bytes: 2) + number(bits, bytes: 2) + Array("data".utf8)
    }

    @Test("Samples that are not compressed are as long as their bytes say")
    func waves() {
        let head = wave(channels: 2, rate: 44_100, bits: 16)
        #expect(AudioEstimate.seconds(head: head, byteCount: 176_400 * 60) == 60)
        // Nothing is divided by zero, and compressed samples are not told by their bytes.
        for head in [wave(channels: 0, rate: 1, bits: 16), wave(format: 49, channels: 1, rate: 8000, bits: 16)] {
            #expect(AudioEstimate.seconds(head: head, byteCount: 7500) == 10)
        }
    }

    @Test("A FLAC stream names its samples; one that does not is taken for the sparsest of codecs")
    func flac() throws {
        let stream: [UInt8] =
            Array("fLaC".utf8) + [0, 0, 0, 34] + [16, 0, 16, 0, 0, 0, 0, 0, 0, 0]
            + [0x03, 0xE8, 0x00, 0xF0, 0x00, 0x02, 0xAF, 0x80]
        #expect(AudioEstimate.seconds(head: stream, byteCount: 1) == Double(0x0002_AF80) / 16_000)
        #expect(AudioEstimate.seconds(head: Array(stream.dropLast(4)) + [0, 0, 0, 0], byteCount: 1500) == 2)
        #expect(AudioEstimate.seconds(head: [], byteCount: 1500) == 2)
    }
}
