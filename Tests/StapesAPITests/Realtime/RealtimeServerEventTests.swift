import StapesAPI
import Testing

@Suite("Realtime server events")
struct RealtimeServerEventTests {
    /// Keys in alphabetical order, as texts here are compared.
    private func wire(_ event: RealtimeServerEvent) -> String? {
        JSONDocument(parsing: event.text(eventID: "event_1"))?.text
    }

    private func sorted(_ json: String) -> String? { JSONDocument(parsing: json)?.text }

    @Test("Events on the wire")
    func wire() {
        #expect(
            wire(.speechStarted(item: "item_1", audioStartMilliseconds: 320))
                == sorted(
                    #"{"audio_start_ms":320,"event_id":"event_1","item_id":"item_1","type":"input_audio_buffer.speech_started"}"#
                ))
        #expect(
            wire(.speechStopped(item: "item_1", audioEndMilliseconds: 900))
                == sorted(
                    #"{"audio_end_ms":900,"event_id":"event_1","item_id":"item_1","type":"input_audio_buffer.speech_stopped"}"#
                ))
        #expect(
            wire(.committed(item: "item_1", previous: nil))
                == sorted(
                    #"{"event_id":"event_1","item_id":"item_1","previous_item_id":null,"type":"input_audio_buffer.committed"}"#
                ))
        #expect(wire(.cleared) == sorted(#"{"event_id":"event_1","type":"input_audio_buffer.cleared"}"#))
        #expect(
            wire(.itemAdded(item: "item_2", previous: "item_1", .current))
                == sorted(
                    #"{"event_id":"event_1","item":{"content":[{"transcript":null,"type":"input_audio"}],"id":"item_2","#
                        + #""object":"realtime.item","role":"user","status":"completed","type":"message"},"#
                        + #""previous_item_id":"item_1","type":"conversation.item.added"}"#))
        #expect(
            wire(.itemAdded(item: "a", previous: nil, .beta))?.hasSuffix(#""type": "conversation.item.created"}"#)
                == true)
        #expect(
            wire(.delta(item: "item_1", " \"x\"/\n"))
                == sorted(
                    #"{"content_index":0,"delta":" \"x\"/\n","event_id":"event_1","item_id":"item_1","#
                        + #""type":"conversation.item.input_audio_transcription.delta"}"#))
        #expect(
            wire(.completed(item: "item_1", transcript: "Hä?", seconds: 1.5))
                == sorted(
                    #"{"content_index":0,"event_id":"event_1","item_id":"item_1","transcript":"Hä?","#
                        + #""type":"conversation.item.input_audio_transcription.completed","#
                        + #""usage":{"seconds":1.5,"type":"duration"}}"#))
        #expect(
            wire(.error(RealtimeError(.bufferEmpty, "No.", eventID: "evt")))
                == sorted(
                    #"{"error":{"code":"input_audio_buffer_commit_empty","event_id":"evt","message":"No.","param":null,"#
                        + #""type":"invalid_request_error"},"event_id":"event_1","type":"error"}"#))
        #expect(
            wire(.failed(item: "i", RealtimeError(.internalError, "No.")))?
                .hasPrefix(#"{"content_index": 0, "error": {"code": "internal_error", "message": "No.", "#) == true)
    }

    @Test("A session in both shapes")
    func session() {
        var settings = RealtimeSettings(
            transcription: RealtimeTranscription(model: "m", language: "en"), turnDetection: nil)
        settings.format = .pcm(rate: 16_000)
        #expect(
            wire(.sessionCreated(RealtimeSessionView(id: "sess_1", settings: settings, shape: .current)))
                == sorted(
                    #"{"event_id":"event_1","session":{"audio":{"input":{"format":{"rate":16000,"type":"audio/pcm"},"#
                        + #""noise_reduction":null,"transcription":{"language":"en","model":"m","prompt":null},"#
                        + #""turn_detection":null}},"id":"sess_1","include":[],"object":"realtime.transcription_session","#
                        + #""type":"transcription"},"type":"session.created"}"#))
        settings.turnDetection = RealtimeTurnDetection()
        settings.format = .muLaw
        settings.noiseReduction = "far_field"
        #expect(
            wire(.sessionUpdated(RealtimeSessionView(id: "sess_1", settings: settings, shape: .beta)))
                == sorted(
                    #"{"event_id":"event_1","session":{"id":"sess_1","include":[],"input_audio_format":"g711_ulaw","#
                        + #""input_audio_noise_reduction":{"type":"far_field"},"#
                        + #""input_audio_transcription":{"language":"en","model":"m","prompt":null},"#
                        + #""object":"realtime.transcription_session","turn_detection":{"prefix_padding_ms":300,"#
                        + #""silence_duration_ms":500,"threshold":0.5,"type":"server_vad"}},"#
                        + #""type":"transcription_session.updated"}"#))
    }
}
