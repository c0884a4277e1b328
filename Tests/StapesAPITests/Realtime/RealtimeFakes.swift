import FoundationEssentials
import Stapes
import StapesAPI
import Synchronization
import Testing

/// Whatever is loud is speech.
struct LoudSpeech: SpeechProbabilities {
    private var samples: [Float] = []

    mutating func probabilities(_ chunk: [Float]) -> [Float] {
        samples += chunk
        var probabilities: [Float] = []
        while samples.count >= 512 {
            probabilities.append(samples.prefix(512).contains { abs($0) > 0.1 } ? 1 : 0)
            samples.removeFirst(512)
        }
        return probabilities
    }
}

/// Hears a word a second, " 1", " 2", ..., and looks as often. Results are final every third word and at the end.
struct CountingSpeech: LiveSpeech {
    var voiceActivity: (any SpeechProbabilities)? = LoudSpeech()
    /// What every turn fails with.
    var failure: StapesError?

    func check(_ transcription: RealtimeTranscription) throws(APIError) {
        guard transcription.model == "fake" else {
            throw APIError(.modelNotFound, "no such model", parameter: "model")
        }
    }

    func live(
        _ audio: TurnAudio, _ transcription: RealtimeTranscription
    ) -> AsyncThrowingStream<LiveResult, any Error> {
        let (results, continuation) = AsyncThrowingStream.makeStream(of: LiveResult.self, throwing: (any Error).self)
        let task = Task {
            var (count, words, told) = (0, 0, 0)
            func result(_ isFinal: Bool) {
                let text = (told..<words).map { " \($0 + 1)" }.joined()
                if isFinal { told = words }
                continuation.yield(
                    LiveResult(text: text, segments: [], isFinal: isFinal, range: 0..<1, language: "en"))
            }
            do {
                for try await samples in audio {
                    if let failure { throw failure }
                    count += samples.count
                    while words < count / 16_000 {
                        words += 1
                        result(words.isMultiple(of: 3))
                    }
                }
                if told < words { result(true) }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        continuation.onTermination = { _ in task.cancel() }
        return results
    }
}

/// What a client sends.
enum ClientFrame {
    static func text(_ json: String) -> RealtimeFrame { .text(Array(json.utf8)) }

    static let commit = text(#"{"type":"input_audio_buffer.commit","event_id":"commit_1"}"#)
    static let clear = text(#"{"type":"input_audio_buffer.clear"}"#)
    static let manual = text(
        #"{"type":"session.update","session":{"type":"transcription","audio":{"input":{"turn_detection":null}}}}"#)

    static func append(_ samples: [Float]) -> RealtimeFrame {
        text(#"{"type":"input_audio_buffer.append","audio":"\#(Data(bytes(samples)).base64EncodedString())"}"#)
    }

    static func bytes(_ samples: [Float]) -> [UInt8] {
        samples.flatMap { sample -> [UInt8] in
            let value = UInt16(bitPattern: Int16(max(-32_768, min(32_767, (sample * 32_768).rounded()))))
            return [UInt8(value & 0xFF), UInt8(value >> 8)]
        }
    }
}

/// An event as a client reads it.
struct ServerEvent: Decodable {
    struct Failure: Decodable {
        let code: String
        let param: String?
        let eventID: String?

        private enum CodingKeys: String, CodingKey {
            case code, param
            case eventID = "event_id"
        }
    }

    struct Item: Decodable { let id: String }

    let type: String
    let eventID: String
    let itemID: String?
    let previousItemID: String?
    let delta: String?
    let transcript: String?
    let error: Failure?
    let item: Item?

    private enum CodingKeys: String, CodingKey {
        case type, delta, transcript, error, item
        case eventID = "event_id"
        case itemID = "item_id"
        case previousItemID = "previous_item_id"
    }

    init(_ text: String) throws {
        self = try JSONDecoder().decode(ServerEvent.self, from: Data(text.utf8))
    }

    /// The name without what all names of transcription begin with.
    var name: String { type.replacing("conversation.item.input_audio_transcription.", with: "") }
}

/// A client of a session without a socket, who keeps what it is told.
final class RealtimeClient: Sendable {
    private let texts = Mutex<[String]>([])
    let frames: AsyncStream<RealtimeFrame>
    private let input: AsyncStream<RealtimeFrame>.Continuation

    init() { (frames, input) = AsyncStream.makeStream() }

    func send(_ frame: RealtimeFrame) { input.yield(frame) }

    func leave() { input.finish() }

    var events: [ServerEvent] {
        get throws { try texts.withLock { $0 }.map { try ServerEvent($0) } }
    }

    @Sendable func receive(_ text: String) { texts.withLock { $0.append(text) } }

    /// Waits for so many events of a name, 60 seconds at most.
    func wait(for name: String, count: Int = 1) async throws {
        let start = ContinuousClock.now
        while try events.filter({ $0.name == name }).count < count {
            let seen = try events.map(\.name)
            try #require(ContinuousClock.now - start < .seconds(60), "no \(name): \(seen)")
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
