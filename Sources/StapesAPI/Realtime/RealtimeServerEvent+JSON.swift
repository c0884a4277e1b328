extension RealtimeServerEvent {
    /// The event as a text frame.
    package func text(eventID: String) -> String {
        (["type": .string(type), "event_id": .string(eventID)] + members).text
    }

    private var members: [JSONDocument.Member] {
        switch self {
        case .sessionCreated(let view), .sessionUpdated(let view): [.init("session", view.document)]
        case .speechStarted(let item, let start):
            [.init("item_id", .string(item)), .init("audio_start_ms", .integer(start))]
        case .speechStopped(let item, let end): [.init("item_id", .string(item)), .init("audio_end_ms", .integer(end))]
        case .committed(let item, let previous):
            [.init("item_id", .string(item)), .init("previous_item_id", optional(previous))]
        case .cleared: []
        case .itemAdded(let item, let previous, _):
            [.init("previous_item_id", optional(previous)), .init("item", Self.item(item))]
        case .delta(let item, let text): Self.content(of: item) + [.init("delta", .string(text))]
        case .completed(let item, let text, let seconds):
            Self.content(of: item) + [
                .init("transcript", .string(text)),
                .init("usage", ["type": "duration", "seconds": .number(seconds)]),
            ]
        case .failed(let item, let error): Self.content(of: item) + [.init("error", error.document)]
        case .error(let error): [.init("error", error.document)]
        }
    }

    private static func content(of item: String) -> [JSONDocument.Member] {
        [.init("item_id", .string(item)), .init("content_index", 0)]
    }

    private static func item(_ id: String) -> JSONDocument {
        [
            "id": .string(id), "object": "realtime.item", "type": "message", "status": "completed", "role": "user",
            "content": [["type": "input_audio", "transcript": .null]],
        ]
    }
}

private func optional(_ text: String?) -> JSONDocument { text.map(JSONDocument.string) ?? .null }

extension RealtimeError {
    fileprivate var document: JSONDocument {
        let document: JSONDocument = [
            "type": .string(type), "code": .string(code.rawValue), "message": .string(message),
            "param": optional(parameter),
        ]
        return document + (eventID.map { [.init("event_id", .string($0))] } ?? [])
    }
}

extension RealtimeSessionView {
    fileprivate var document: JSONDocument {
        let head: JSONDocument = [
            "id": .string(id), "object": "realtime.transcription_session",
            // Log-probabilities are never among what is told.
            "include": [],
        ]
        return head + members
    }

    private var members: [JSONDocument.Member] {
        switch shape {
        case .current:
            var format: [JSONDocument.Member] = [.init("type", .string(settings.format.type))]
            if case .pcm(let rate) = settings.format { format.append(.init("rate", .integer(rate))) }
            let input: JSONDocument = [
                "format": .object(format), "transcription": transcription, "noise_reduction": noiseReduction,
                "turn_detection": turnDetection,
            ]
            return [.init("type", "transcription"), .init("audio", ["input": input])]
        case .beta:
            return [
                .init("input_audio_format", .string(settings.format.betaName)),
                .init("input_audio_transcription", transcription),
                .init("input_audio_noise_reduction", noiseReduction), .init("turn_detection", turnDetection),
            ]
        }
    }

    private var transcription: JSONDocument {
        [
            "model": .string(settings.transcription.model), "language": optional(settings.transcription.language),
            "prompt": optional(settings.transcription.prompt),
        ]
    }

    private var noiseReduction: JSONDocument { settings.noiseReduction.map { ["type": .string($0)] } ?? .null }

    private var turnDetection: JSONDocument {
        settings.turnDetection.map {
            [
                "type": "server_vad", "threshold": .number($0.threshold),
                "prefix_padding_ms": .integer($0.prefixPaddingMilliseconds),
                "silence_duration_ms": .integer($0.silenceDurationMilliseconds),
            ]
        } ?? .null
    }
}
