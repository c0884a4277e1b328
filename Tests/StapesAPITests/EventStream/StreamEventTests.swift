import StapesAPI
import Testing

@Suite("Streamed events")
struct StreamEventTests {
    @Test("Every event is one line of data with an empty line after it")
    func frames() {
        #expect(
            StreamEvent.delta(" \"a\"\nb").frame
                == "data: {\"type\": \"transcript.text.delta\", \"delta\": \" \\\"a\\\"\\nb\"}\n\n")
        #expect(
            StreamEvent.segment(SampleTranscript.segment(3, 0.5, 2, " Hi. ")).frame
                == #"data: {"type": "transcript.text.segment", "id": "seg_3", "start": 0.5, "end": 2.0, "text": "Hi."}"#
                + "\n\n")
        #expect(
            StreamEvent.done(text: "Hi.", usage: TokenUsage(inputTextTokens: 1, inputAudioTokens: 2, outputTokens: 4))
                .frame
                == #"data: {"type": "transcript.text.done", "text": "Hi.", "usage": {"type": "tokens", "#
                + #""input_tokens": 3, "output_tokens": 4, "total_tokens": 7, "#
                + #""input_token_details": {"text_tokens": 1, "audio_tokens": 2}}}"# + "\n\n")
        #expect(
            StreamEvent.error(APIError(.internalError, "broken")).frame
                == #"data: {"error": {"message": "broken", "type": "server_error", "param": null, "#
                + #""code": "internal_error"}}"# + "\n\n")
        #expect(StreamEvent.end == "data: [DONE]\n\n")
        #expect(StreamEvent.ping == ": ping\n\n")
    }

    @Test("Log-probabilities are part of an event only where they are given, also when there are none of them")
    func logProbabilities() {
        let known = [TokenLogProbability(token: "a", bytes: [97], logProbability: -1)]
        #expect(
            StreamEvent.delta("a", logProbabilities: known).frame
                == #"data: {"type": "transcript.text.delta", "delta": "a", "#
                + #""logprobs": [{"token": "a", "bytes": [97], "logprob": -1.0}]}"# + "\n\n")
        let done = StreamEvent.done(text: "", usage: TokenUsage(), logProbabilities: [])
        #expect(done.frame.contains(#""text": "", "logprobs": [], "usage""#))
    }

    @Test("No sign that some client takes for a line end stands in a frame, and the text is the same")
    func lineEnds() throws {
        let ends = "\n\r\u{B}\u{C}\u{1C}\u{1D}\u{1E}\u{85}\u{2028}\u{2029}"
        let frame = StreamEvent.delta("a" + ends).frame
        let line = String(frame.dropFirst("data: ".count).dropLast(2))
        #expect(!line.unicodeScalars.contains { ends.unicodeScalars.contains($0) })
        #expect(JSONDocument(parsing: line)?["delta"] == .string("a" + ends))
    }
}
