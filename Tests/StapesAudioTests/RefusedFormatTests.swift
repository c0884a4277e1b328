import StapesAudio
import StapesTesting
import Testing

/// Files that make a decoder open something else must not get it to.
@Suite struct RefusedFormatTests {
    private func attacks(naming target: String) -> [String: String] {
        [
            "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n\(target)\n#EXT-X-ENDLIST\n",
            "hls to an address": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n",
            "concat": "ffconcat version 1.0\nfile '\(target)'\n",
            "dash": """
            <?xml version="1.0"?>
            <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S"
            profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period><AdaptationSet mimeType="audio/wav">
            <Representation id="1" bandwidth="1"><BaseURL>\(target)</BaseURL></Representation>
            </AdaptationSet></Period></MPD>
            """,
            "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
        ]
    }

    @Test func playlistsThatNameAnotherFileAreRefused() throws {
        let directory = try TemporaryDirectory()
        let target = try directory.write(WAV([Int16](repeating: 1000, count: 16_000)).bytes, to: "target.wav")
        for (name, text) in attacks(naming: target) {
            let path = try directory.write(Array(text.utf8), to: "playlist.m3u8")
            for source in [AudioSource.file(path: path), .bytes(Array(text.utf8))] {
                let error = #expect(throws: AudioError.self, "\(name)") { try AudioDecoder.decode(source) }
                let code = try #require(error?.code)
                #expect(code == .notAccepted || code == .notRecognised, "\(name)")
            }
        }
    }

    @Test func theFormatIsNamed() {
        let text = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\na.wav\n"
        let error = #expect(throws: AudioError.self) { try AudioDecoder.decode(.bytes(Array(text.utf8))) }
        #expect(error?.code == .notAccepted)
        #expect(error?.message.contains("is not an accepted audio format") == true)
    }
}
