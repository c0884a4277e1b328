import FoundationEssentials

/// What a realtime client asks for.
package enum RealtimeClientEvent: Sendable, Hashable {
    case update(RealtimeUpdate, RealtimeShape)
    /// Bytes of audio.
    case append([UInt8])
    case commit
    case clear
}

/// An event as it came: the client's id for it, and what it asks for or why it cannot be read.
package struct RealtimeClientMessage: Sendable {
    /// Characters of base64 in one event: OpenAI's 15 MiB.
    package static let audioLimit = 15 << 20
    /// Bytes of an event's id. A longer one is not told back.
    private static let idLimit = 512

    package let eventID: String?
    package let event: Result<RealtimeClientEvent, RealtimeError>

    /// Reads a text frame. Fields that are not known are passed over.
    package init(_ text: [UInt8]) {
        do {
            self = try JSONDecoder().decode(RealtimeClientMessage.self, from: Data(text))
        } catch {
            eventID = nil
            event = .failure(RealtimeError(.malformedEvent, "The event is not a JSON object."))
        }
    }
}

extension RealtimeClientMessage: Decodable {
    package init(from decoder: any Decoder) throws {
        let fields = try RealtimeFields(decoder)
        let id = (try? fields.string("event_id")).flatMap { $0.utf8.count <= Self.idLimit ? $0 : nil }
        eventID = id
        event = Result { () throws(RealtimeError) in
            do throws(RealtimeError) {
                return try RealtimeClientEvent(fields)
            } catch {
                var error = error
                error.eventID = id
                throw error
            }
        }
    }
}

extension RealtimeClientEvent {
    /// - Throws: `missingField`, `unknownEvent`, `invalidValue`.
    fileprivate init(_ fields: RealtimeFields) throws(RealtimeError) {
        switch try fields.required("type", fields.string("type")) {
        case "session.update":
            self = .update(try RealtimeUpdate(current: Self.session(fields)), .current)
        case "transcription_session.update":
            self = .update(try RealtimeUpdate(beta: Self.session(fields)), .beta)
        case "input_audio_buffer.append":
            self = .append(try Self.audio(fields))
        case "input_audio_buffer.commit": self = .commit
        case "input_audio_buffer.clear": self = .clear
        case let other:
            throw RealtimeError(
                .unknownEvent, "Invalid value: \(other.quoted). Transcription sessions have no such event.",
                parameter: "type")
        }
    }

    private static func session(_ fields: RealtimeFields) throws(RealtimeError) -> RealtimeFields {
        try fields.required("session", fields.object("session"))
    }

    private static func audio(_ fields: RealtimeFields) throws(RealtimeError) -> [UInt8] {
        let text = try fields.required("audio", fields.string("audio"))
        guard text.utf8.count <= RealtimeClientMessage.audioLimit else {
            throw fields.error("audio", "more than \(RealtimeClientMessage.audioLimit) characters")
        }
        guard let bytes = Base64.bytes(of: text) else { throw fields.error("audio", "expected base64") }
        return bytes
    }
}
