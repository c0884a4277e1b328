import StapesAPI
import Testing

@Suite("Realtime client events")
struct RealtimeClientEventTests {
    private func message(_ text: String) -> RealtimeClientMessage { RealtimeClientMessage(Array(text.utf8)) }

    private func update(_ session: String, beta: Bool = false) throws -> RealtimeUpdate {
        let type = beta ? "transcription_session.update" : "session.update"
        let event = try message(#"{"type":"\#(type)","session":\#(session)}"#).event.get()
        guard case .update(let update, beta ? .beta : .current) = event else { throw Unexpected(event: event) }
        return update
    }

    private struct Unexpected: Error {
        let event: RealtimeClientEvent
    }

    private func error(_ text: String) -> RealtimeError? {
        if case .failure(let error) = message(text).event { error } else { nil }
    }

    @Test("Today's session is read whole")
    func current() throws {
        let update = try update(
            #"""
            {"type":"transcription","audio":{"input":{"format":{"type":"audio/pcm","rate":48000},
            "transcription":{"model":"whisper-1","language":"de","prompt":"Tee"},"noise_reduction":{"type":"near_field"},
            "turn_detection":{"type":"server_vad","threshold":0.3,"prefix_padding_ms":200,"silence_duration_ms":700}}},
            "include":["item.input_audio_transcription.logprobs"]}
            """#)
        var expected = RealtimeUpdate()
        expected.format = .pcm(rate: 48_000)
        expected.model = "whisper-1"
        expected.language = .set("de")
        expected.prompt = .set("Tee")
        expected.noiseReduction = .set("near_field")
        var detection = RealtimeTurnDetection()
        (detection.threshold, detection.prefixPaddingMilliseconds) = (0.3, 200)
        detection.silenceDurationMilliseconds = 700
        expected.turnDetection = .set(detection)
        #expect(update == expected)
    }

    @Test("The beta's session is read whole")
    func beta() throws {
        let update = try update(
            #"""
            {"input_audio_format":"g711_alaw","input_audio_transcription":{"model":"tiny"},
            "input_audio_noise_reduction":null,"turn_detection":{"type":"server_vad"}}
            """#, beta: true)
        #expect(update.format == .aLaw)
        #expect(update.model == "tiny")
        #expect(update.noiseReduction == .clear)
        #expect(update.turnDetection == .set(RealtimeTurnDetection()))
    }

    @Test("What is null is cleared, what is absent is kept")
    func nullAndAbsent() throws {
        #expect(try update("{}") == RealtimeUpdate())
        #expect(try update(#"{"audio":{"input":{}}}"#) == RealtimeUpdate())
        let nulls = try update(
            #"{"audio":{"input":{"turn_detection":null,"transcription":{"language":null,"prompt":null}}}}"#)
        #expect(nulls.turnDetection == .clear && nulls.language == .clear && nulls.prompt == .clear)
        #expect(try update(#"{"turn_detection":null}"#, beta: true).turnDetection == .clear)
        #expect(try update(#"{"turn_detection":null}"#).turnDetection == .keep)
    }

    @Test("Formats")
    func formats() throws {
        let formats: [(String, RealtimeAudioFormat)] = [
            (#""audio/pcm""#, .pcm(rate: 24_000)), (#""audio/pcm","rate":8000"#, .pcm(rate: 8000)),
            (#""audio/pcmu""#, .muLaw), (#""audio/pcma","rate":8000"#, .aLaw),
        ]
        for (json, format) in formats {
            #expect(try update(#"{"audio":{"input":{"format":{"type":\#(json)}}}}"#).format == format)
        }
    }

    @Test("Audio events")
    func audio() throws {
        #expect(try message(#"{"type":"input_audio_buffer.append","audio":"AAEC"}"#).event.get() == .append([0, 1, 2]))
        #expect(
            try message(#"{"type":"input_audio_buffer.append","audio":"AA\/\/"}"#).event.get() == .append([0, 15, 255]))
        #expect(try message(#"{"type":"input_audio_buffer.commit"}"#).event.get() == .commit)
        #expect(try message(#"{"audio":3,"type":"input_audio_buffer.clear"}"#).event.get() == .clear)
    }

    @Test(
        "Errors name the field and the event",
        arguments: [
            (#""type":"input_audio_buffer.append""#, "audio", RealtimeError.Code.missingField),
            (#""type":"input_audio_buffer.append","audio":7"#, "audio", .invalidValue),
            (#""type":"input_audio_buffer.append","audio":"A""#, "audio", .invalidValue),
            (#""type":"response.create""#, "type", .unknownEvent),
            (#""type":5"#, "type", .invalidValue),
            (#""a":5"#, "type", .missingField),
            (#""type":"session.update""#, "session", .missingField),
            (#""type":"session.update","session":[]"#, "session", .invalidValue),
            (#""type":"session.update","session":{"type":"realtime"}"#, "session.type", .invalidValue),
            (#""type":"session.update","session":{"include":["x"]}"#, "session.include", .invalidValue),
            (
                #""type":"session.update","session":{"audio":{"input":{"format":{"type":"audio/pcm","rate":44100}}}}"#,
                "session.audio.input.format.rate", .invalidValue
            ),
            (
                #""type":"session.update","session":{"audio":{"input":{"format":{"rate":8000}}}}"#,
                "session.audio.input.format.type", .missingField
            ),
            (
                #""type":"session.update","session":{"audio":{"input":{"transcription":null}}}"#,
                "session.audio.input.transcription", .invalidValue
            ),
            (
                #""type":"session.update","session":{"audio":{"input":{"turn_detection":{"type":"semantic_vad"}}}}"#,
                "session.audio.input.turn_detection.type", .invalidValue
            ),
            (
                #""type":"transcription_session.update","session":{"turn_detection":{"type":"server_vad","threshold":2}}"#,
                "session.turn_detection.threshold", .invalidValue
            ),
            (
                #""type":"transcription_session.update","session":{"input_audio_format":"mp3"}"#,
                "session.input_audio_format", .invalidValue
            ),
        ])
    func errors(members: String, parameter: String, code: RealtimeError.Code) {
        let error = error(#"{"event_id":"evt_7",\#(members)}"#)
        #expect(error?.parameter == parameter)
        #expect(error?.code == code)
        #expect(error?.eventID == "evt_7")
    }

    @Test("What is no JSON object is malformed", arguments: ["", "{", "[]", "7", "\"a\"", "{}}", "{'type':1}", "null"])
    func malformed(text: String) {
        #expect(error(text)?.code == .malformedEvent)
    }

    @Test("Nesting without end is no way in")
    func nesting() {
        let text = #"{"type":"session.update","session":"# + String(repeating: "[", count: 100_000)
        #expect(error(text)?.code == .malformedEvent)
    }

    @Test("Audio of more than 15 MiB of text is refused, of as much it is taken")
    func size() throws {
        let letters = String(repeating: "A", count: RealtimeClientMessage.audioLimit)
        let start = ContinuousClock.now
        let event = try message(#"{"type":"input_audio_buffer.append","audio":"\#(letters)"}"#).event.get()
        print("15 MiB of base64 were read in \(ContinuousClock.now - start)")
        #expect(event == .append([UInt8](repeating: 0, count: RealtimeClientMessage.audioLimit / 4 * 3)))
        #expect(error(#"{"type":"input_audio_buffer.append","audio":"\#(letters)AAAA"}"#)?.parameter == "audio")
    }

    @Test("What a client wrote is told back shortened, and an id that is too long not at all")
    func longTexts() throws {
        let long = String(repeating: "x\u{1}", count: 5000).replacing("\u{1}", with: "\\u0001")
        let events = [
            #""type":"\#(long)""#, #""type":"session.update","session":{"type":"\#(long)"}"#,
            #""type":"session.update","session":{"include":["\#(long)"]}"#,
            #""type":"session.update","session":{"audio":{"input":{"format":{"type":"\#(long)"}}}}"#,
            #""type":"session.update","session":{"audio":{"input":{"turn_detection":{"type":"\#(long)"}}}}"#,
            #""type":"session.update","session":{"audio":{"input":{"noise_reduction":{"type":"\#(long)"}}}}"#,
            #""type":"transcription_session.update","session":{"input_audio_format":"\#(long)"}"#,
        ]
        for members in events {
            let message = try #require(error("{\(members)}")?.message)
            #expect(message.utf8.count < 250 && message.contains("x x") && !message.contains("\u{1}"))
        }
        let id = String(repeating: "i", count: 512)
        #expect(message(#"{"type":"input_audio_buffer.commit","event_id":"\#(id)"}"#).eventID == id)
        #expect(message(#"{"type":"input_audio_buffer.commit","event_id":"\#(id)i"}"#).eventID == nil)
        #expect(error(#"{"type":"no","event_id":"\#(id)i"}"#)?.eventID == nil)
    }

    @Test("Of a prompt the last 8 KiB count")
    func longPrompt() throws {
        let text = String(repeating: "p", count: 8 << 10)
        let update = try update(#"{"audio":{"input":{"transcription":{"model":"m","prompt":"first\#(text)"}}}}"#)
        #expect(update.prompt == .set(text))
    }
}
