import Stapes
import StapesAPI
import Testing

@Suite("Response bodies")
struct ResponseBodyTests {
    private static func body(
        _ fields: (String, String)..., endpoint: SpeechEndpoint = .transcription,
        logProbabilities: [TokenLogProbability]? = nil
    ) throws -> TranscriptBody {
        var form = FormFields()
        for (name, value) in fields { try form.append(name: name, value: value) }
        let request = try SpeechRequest(fields: form, endpoint: endpoint, served: SampleTranscript.served)
        return TranscriptBody(
            SampleTranscript.transcription, for: request, logProbabilities: logProbabilities)
    }

    private static let segments =
        #""segments": [{"id": 0, "seek": 0, "start": 0.0, "end": 1.5, "text": " Guten Tag.", "tokens": [50364, 7], "#
        + #""temperature": 0.0, "avg_logprob": -0.25, "compression_ratio": 1.5, "no_speech_prob": 0.125}, "#
        + #"{"id": 1, "seek": 0, "start": 3600.0, "end": 3601.0005, "text": " --> \"Ja\"", "tokens": [50364, 7], "#
        + #""temperature": 0.0, "avg_logprob": -0.25, "compression_ratio": 1.5, "no_speech_prob": 0.125}]"#

    private static let words =
        #""words": [{"word": "Guten", "start": 0.0, "end": 0.5, "probability": 0.75}, "#
        + #"{"word": "Tag.", "start": 0.5, "end": 1.5, "probability": 0.5}, "#
        + #"{"word": "-->", "start": 3600.0, "end": 3600.5, "probability": 1.0}, "#
        + #"{"word": "\"Ja\"", "start": 3600.5, "end": 3601.0005, "probability": 1.0}]"#

    private static func verbose(_ lists: String...) -> String {
        let members = [
            #""task": "transcribe", "language": "german", "language_code": "de", "duration": 3601.25"#,
            #""text": "Guten Tag. --> \"Ja\"""#,
        ]
        let usage = #""usage": {"type": "duration", "seconds": 3602}"#
        return "{" + (members + lists + [usage]).joined(separator: ", ") + "}"
    }

    @Test("json is the trimmed text and the seconds, rounded up")
    func json() throws {
        let body = try Self.body()
        #expect(body.contentType == "application/json")
        #expect(
            body.text == #"{"text": "Guten Tag. --> \"Ja\"", "usage": {"type": "duration", "seconds": 3602}}"#)
    }

    @Test("json has log-probabilities if they were asked for and are known")
    func logProbabilities() throws {
        let known = [
            TokenLogProbability(token: " Gu", bytes: [32, 71, 117], logProbability: -0.5),
            TokenLogProbability(token: "\u{FFFD}", bytes: [0xC3], logProbability: -.infinity),
        ]
        let asked = ("include[]", "logprobs")
        #expect(
            try Self.body(asked, logProbabilities: known).text
                == #"{"text": "Guten Tag. --> \"Ja\"", "logprobs": [{"token": " Gu", "bytes": [32, 71, 117], "#
                + #""logprob": -0.5}, {"token": "\#u{FFFD}", "bytes": [195], "logprob": -9999.0}], "#
                + #""usage": {"type": "duration", "seconds": 3602}}"#)
        #expect(try Self.body(asked).text == Self.body().text)
        #expect(try Self.body(logProbabilities: known).text == Self.body().text)
    }

    @Test("Whole seconds stay, begun ones count, and what is no number is none")
    func seconds() {
        let seconds = [0, 0.01, 2, 2.56, -1, .nan, .infinity].map { Usage(seconds: $0).document["seconds"] }
        #expect(seconds == [0, 1, 2, 3, 0, 0, 0])
    }

    @Test("verbose_json lists segments, words or both as they were asked for, and no blank segment")
    func verboseJSON() throws {
        let verbose = ("response_format", "verbose_json")
        let (word, segment) = (("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment"))
        #expect(try Self.body(verbose).text == Self.verbose(Self.segments))
        #expect(try Self.body(verbose, segment).text == Self.verbose(Self.segments))
        #expect(try Self.body(verbose, word).text == Self.verbose(Self.words))
        #expect(try Self.body(verbose, word, segment).text == Self.verbose(Self.segments, Self.words))
        #expect(try Self.body(verbose).contentType == "application/json")
    }

    @Test("A translation is English, whatever was spoken")
    func translation() throws {
        let body = try Self.body(("response_format", "verbose_json"), endpoint: .translation)
        #expect(body.text.hasPrefix(#"{"task": "translate", "language": "english", "language_code": "en", "duration""#))
    }

    @Test("text is the bare text")
    func text() throws {
        let body = try Self.body(("response_format", "text"))
        #expect(body.contentType == "text/plain; charset=utf-8")
        #expect(body.text == "Guten Tag. --> \"Ja\"")
    }

    @Test("srt numbers its cues, rounds to milliseconds, and has no arrow in a text")
    func srt() throws {
        let body = try Self.body(("response_format", "srt"))
        #expect(body.contentType == "text/plain; charset=utf-8")
        #expect(
            body.text
                == "1\n00:00:00,000 --> 00:00:01,500\nGuten Tag.\n\n2\n01:00:00,000 --> 01:00:01,000\n-> \"Ja\"\n\n")
    }

    @Test("A blank segment is no cue, with word times or without")
    func blankCues() throws {
        var transcription = SampleTranscript.transcription
        for index in transcription.segments.indices { transcription.segments[index].words = nil }
        let body = TranscriptBody(transcription, for: try SampleTranscript.request(("response_format", "srt")))
        #expect(body == (try Self.body(("response_format", "srt"))))
    }

    @Test("vtt has hours always")
    func vtt() throws {
        let body = try Self.body(("response_format", "vtt"))
        #expect(body.contentType == "text/vtt; charset=utf-8")
        #expect(
            body.text
                == "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nGuten Tag.\n\n01:00:00.000 --> 01:00:01.000\n-> \"Ja\"\n\n"
        )
    }

    @Test("Silence is an empty text in every form, and valid JSON where it is JSON")
    func silence() throws {
        let silence = Transcription(text: "", segments: [], language: "en", durationSeconds: 0)
        let texts = try ResponseFormat.allCases.map { format in
            TranscriptBody(silence, for: try SampleTranscript.request(("response_format", format.rawValue))).text
        }
        #expect(texts[1...3] == ["", "", "WEBVTT\n\n"])
        #expect(JSONDocument(parsing: texts[0])?["text"] == "")
        #expect(JSONDocument(parsing: texts[4])?["segments"] == [])
    }

    @Test("Scores that are no numbers are numbers in JSON")
    func scores() throws {
        var transcription = SampleTranscript.transcription
        transcription.segments[0].averageLogProbability = -.infinity
        transcription.segments[0].noSpeechProbability = .nan
        let request = try SampleTranscript.request(("response_format", "verbose_json"))
        let text = TranscriptBody(transcription, for: request).text
        #expect(text.contains(#""avg_logprob": 0.0"#) && text.contains(#""no_speech_prob": 0.0"#))
        #expect(!text.contains("null"))
    }
}
