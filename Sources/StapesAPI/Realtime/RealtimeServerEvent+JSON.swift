import FoundationEssentials

extension RealtimeServerEvent {
    /// The event as a text frame, keys in alphabetical order.
    package func text(eventID: String) -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(Message(eventID: eventID, event: self)), as: UTF8.self)
        } catch {
            preconditionFailure("an event is made of what JSON has words for: \(error)")
        }
    }
}

/// The fields of all events. What is nil is left out; what is `null` on the wire is an optional of an optional.
private struct Message: Encodable {
    let type: String
    let eventID: String
    var session: Session?
    var itemID: String?
    var previousItemID: String??
    var audioStartMs: Int?
    var audioEndMs: Int?
    var contentIndex: Int?
    var item: Item?
    var delta: String?
    var transcript: String?
    var usage: AudioUsage?
    var error: Failure?

    init(eventID: String, event: RealtimeServerEvent) {
        type = event.type
        self.eventID = eventID
        switch event {
        case .sessionCreated(let view), .sessionUpdated(let view): session = Session(view)
        case .speechStarted(let id, let start): (itemID, audioStartMs) = (id, start)
        case .speechStopped(let id, let end): (itemID, audioEndMs) = (id, end)
        case .committed(let id, let previous): (itemID, previousItemID) = (id, .some(previous))
        case .cleared: break
        case .itemAdded(let id, let previous, _): (item, previousItemID) = (Item(id: id), .some(previous))
        case .delta(let id, let text): (itemID, contentIndex, delta) = (id, 0, text)
        case .completed(let id, let text, let seconds):
            (itemID, contentIndex, transcript, usage) = (id, 0, text, AudioUsage(seconds: seconds))
        case .failed(let id, let error): (itemID, contentIndex, self.error) = (id, 0, Failure(error))
        case .error(let error): self.error = Failure(error)
        }
    }
}

private struct Item: Encodable {
    struct Content: Encodable {
        let type = "input_audio"
        let transcript: String?? = .some(nil)
    }

    let id: String
    let object = "realtime.item"
    let type = "message"
    let status = "completed"
    let role = "user"
    let content = [Content()]
}

private struct AudioUsage: Encodable {
    let type = "duration"
    let seconds: Double
}

private struct Failure: Encodable {
    let type: String
    let code: String
    let message: String
    let param: String??
    let eventID: String?

    init(_ error: RealtimeError) {
        type = error.type
        code = error.code.rawValue
        message = error.message
        param = .some(error.parameter)
        eventID = error.eventID
    }
}

private struct Session: Encodable {
    struct Format: Encodable {
        let type: String
        let rate: Int?
    }

    struct Transcription: Encodable {
        let model: String
        let language: String??
        let prompt: String??
    }

    struct TurnDetection: Encodable {
        let type = "server_vad"
        let threshold: Double
        let prefixPaddingMs: Int
        let silenceDurationMs: Int
    }

    struct NoiseReduction: Encodable {
        let type: String
    }

    struct Input: Encodable {
        let format: Format
        let transcription: Transcription
        let noiseReduction: NoiseReduction??
        let turnDetection: TurnDetection??
    }

    struct Audio: Encodable {
        let input: Input
    }

    let id: String
    let object = "realtime.transcription_session"
    /// Log-probabilities are never among what is told.
    let include: [String] = []
    var type: String?
    var audio: Audio?
    var inputAudioFormat: String?
    var inputAudioTranscription: Transcription?
    var inputAudioNoiseReduction: NoiseReduction??
    var turnDetection: TurnDetection??

    init(_ view: RealtimeSessionView) {
        id = view.id
        let settings = view.settings
        let transcription = Transcription(
            model: settings.transcription.model, language: .some(settings.transcription.language),
            prompt: .some(settings.transcription.prompt))
        let noise = settings.noiseReduction.map(NoiseReduction.init)
        let detection = settings.turnDetection.map {
            TurnDetection(
                threshold: $0.threshold, prefixPaddingMs: $0.prefixPaddingMilliseconds,
                silenceDurationMs: $0.silenceDurationMilliseconds)
        }
        switch view.shape {
        case .current:
            type = "transcription"
            let rate: Int? = if case .pcm(let rate) = settings.format { rate } else { nil }
            audio = Audio(
                input: Input(
                    format: Format(type: settings.format.type, rate: rate), transcription: transcription,
                    noiseReduction: .some(noise), turnDetection: .some(detection)))
        case .beta:
            inputAudioFormat = settings.format.betaName
            inputAudioTranscription = transcription
            inputAudioNoiseReduction = .some(noise)
            turnDetection = .some(detection)
        }
    }
}
