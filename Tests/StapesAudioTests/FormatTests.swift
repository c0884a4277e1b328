import StapesAudio
import StapesTesting
import Testing

/// One clip in 35 containers and codecs. Counts are those of `ffmpeg -i FILE -f s16le -ac 1 -ar 16000 -` (5.1).
@Suite(.enabled(if: SpeechData.isPresent, "needs the recordings")) struct FormatTests {
    private static let usual = 45_360
    // Encoders' padding that their containers do not record, and one sample of rounding.
    private static let unusual = [
        "aac_44k_stereo.m4a": 45_697, "aac_adts.aac": 46_069, "aac_faststart.mp4": 45_397,
        "ima_adpcm_16k.wav": 46_943, "pcm16_22k_mono.wav": 45_361, "video_h264_aac.mp4": 45_697,
        "vorbis.webm": 45_589,
    ]

    @Test func everyFormatGivesItsExactSampleCount() throws {
        let entries = try SpeechData.manifest().filter { $0.category == "format" }
        #expect(entries.count == 35)
        for entry in entries {
            let name = String(entry.audio.dropFirst("formats/".count))
            let pcm = try AudioDecoder.decode(.file(path: SpeechData.path(entry.audio)))
            #expect(pcm.samples.count == Self.unusual[name] ?? Self.usual, "\(name)")
        }
    }

    @Test func memoryGivesWhatThePathGives() throws {
        for entry in try SpeechData.manifest() where entry.category == "format" {
            let fromPath = try AudioDecoder.decode(.file(path: SpeechData.path(entry.audio))).samples
            let fromMemory = try AudioDecoder.decode(.bytes(try SpeechData.bytes(entry.audio))).samples
            #expect(fromPath == fromMemory, "\(entry.audio)")
        }
    }

    @Test func everyFormatHoldsTheClip() throws {
        let original = try AudioDecoder.decode(.file(path: SpeechData.path("formats/pcm16_16k_mono.wav"))).samples
        for entry in try SpeechData.manifest() where entry.category == "format" {
            let samples = try AudioDecoder.decode(.file(path: SpeechData.path(entry.audio))).samples
            // Encoder delay shifts the clip by some samples; the telephone band changes its phase and shape most.
            let best = (-16...512).map { abs(correlation(samples, original, shift: $0)) }.max()
            #expect(try #require(best) > 0.75, "\(entry.audio)")
        }
    }

    @Test func invalidFilesAreRefusedOrSalvagedAsTheManifestSays() throws {
        let entries = try SpeechData.manifest().filter { $0.category == "invalid" }
        #expect(entries.count == 14)
        for entry in entries {
            let path = SpeechData.path(entry.audio)
            if entry.expect == "error" {
                let error = #expect(throws: AudioError.self, "\(entry.audio)") {
                    try AudioDecoder.decode(.file(path: path))
                }
                #expect(error?.message.hasPrefix("cannot decode '\(path)': ") == true)
            } else {
                let samples = try AudioDecoder.decode(.file(path: path)).samples
                #expect(samples.allSatisfy { abs($0) <= 1 }, "\(entry.audio)")
            }
        }
    }

    @Test(arguments: [
        ("truncated.flac", 17_280), ("truncated.mp3", 22_587), ("truncated.ogg", 15_896), ("truncated.wav", 22_680),
        ("header_only.wav", 0), ("float_nan.wav", 16_000), ("float_inf_1e30.wav", 16_000),
    ])
    func damagedFilesGiveWhatIsLeft(name: String, count: Int) throws {
        let samples = try AudioDecoder.decode(.file(path: SpeechData.path("invalid/\(name)"))).samples
        #expect(samples.count == count)
    }

    /// Normalised correlation of every eighth sample with `a` delayed by `shift`.
    private func correlation(_ a: [Float], _ b: [Float], shift: Int) -> Float {
        var (ab, aa, bb): (Float, Float, Float) = (0, 0, 0)
        for index in stride(from: max(0, -shift), to: min(b.count, a.count - shift), by: 8) {
            let (x, y) = (a[index + shift], b[index])
            ab += x * y
            aa += x * x
            bb += y * y
        }
        return ab / (aa * bb).squareRoot()
    }
}
