import Logging
import Stapes
import StapesAPI
import StapesServer
import Synchronization
import Testing

@Suite("Realtime over a socket", .serialized)
struct RealtimeServerTests {
    @Test("A key is asked for, and taken from the header or a browser's subprotocol")
    func keys() async throws {
        try await LiveServer.with(.but { $0.keys = ["secret"] }) { server in
            try await onThread {
                let client = try WebSocketClient(port: server.port, fields: "Authorization: Bearer secret\r\n")
                #expect(client.status == 101)
                #expect(client.head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="))
                #expect(try client.frame().text.contains(#""type": "session.created""#))
                let browser = try WebSocketClient(
                    port: server.port,
                    fields: "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.secret\r\n")
                #expect(browser.status == 101)
                #expect(browser.head.contains("sec-websocket-protocol: realtime\r\n"))
                #expect(try WebSocketClient(port: server.port).status == 401)
                let wrong = "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.wrong\r\n"
                #expect(try WebSocketClient(port: server.port, fields: wrong).status == 401)
            }
        }
    }

    @Test("Without keys anybody has a session; a model or an intent that is not served, and no upgrade, are refused")
    func refusals() async throws {
        try await LiveServer.with { server in
            try await onThread {
                let paths = [
                    "/v1/realtime", "/v1/realtime?model=tiny.en", "/v1/realtime?model=huge", "/v1/realtime?intent=a",
                ]
                let statuses = try paths.map { try WebSocketClient(port: server.port, path: $0).status }
                #expect(statuses == [101, 101, 404, 400])
                let plain = try WebSocketClient(port: server.port, upgrade: "")
                #expect(plain.status == 426)
            }
        }
    }

    @Test("No more sessions than the limit, and one again when one has ended")
    func limit() async throws {
        try await LiveServer.with(.but { $0.limits.realtimeSessions = 1 }) { server in
            try await onThread {
                let client = try WebSocketClient(port: server.port)
                _ = try client.frame(.text)
                #expect(try WebSocketClient(port: server.port).status == 429)
                try client.send(.close, [0x03, 0xE8])
                #expect(try client.frame(.close).code == 1000)
                #expect(client.isAtEnd())
                #expect(try WebSocketClient(port: server.port).status == 101)
            }
        }
    }

    @Test("A message in pieces with a ping between them is one event, and a turn comes back as text")
    func turn() async throws {
        try await LiveServer.with { server in
            try await onThread {
                let client = try WebSocketClient(port: server.port)
                let append = Array(Self.append.utf8)
                try client.send(.text, Array(append[..<7]), isLast: false)
                try client.send(.ping, Array("are you there".utf8))
                try client.send(.continuation, Array(append[7..<20]), isLast: false)
                try client.send(.pong)
                try client.send(.continuation, Array(append[20...]))
                #expect(try client.frame(.pong).text == "are you there")
                try client.send(Self.commit)
                #expect(try client.frame(.text, containing: "transcription.completed").text.contains("heard 1"))
                try client.send(.binary, [1, 2, 3])
                #expect(try client.frame(.text, containing: #""error""#).text.contains("malformed_event"))
                try client.send(Self.append)
                try client.send(Self.commit)
                #expect(try client.frame(.text, containing: "transcription.completed").text.contains("heard 2"))
            }
        }
    }

    @Test("A message that is too large, in one frame or in many, and frames out of order are told by a close")
    func wrongFrames() async throws {
        try await LiveServer.with { server in
            try await onThread {
                let piece = [UInt8](repeating: 0x20, count: 12 << 20)
                let tries: [(Int, (WebSocketClient) throws -> Void)] = [
                    (
                        1009,
                        {
                            try $0.sendHead(.text, byteCount: 22 << 20)
                            try $0.send([UInt8](repeating: 0, count: 1 << 20))
                        }
                    ),
                    (
                        1009,
                        {
                            try $0.send(.text, piece, isLast: false)
                            try $0.send(.continuation, piece)
                        }
                    ),
                    (1002, { try $0.send(.continuation, [1]) }),
                ]
                for (code, send) in tries {
                    let client = try WebSocketClient(port: server.port)
                    _ = try client.frame(.text)
                    try send(client)
                    #expect(try client.frame(.close).code == code)
                    // What follows is not understood any more by a server that lost track of the frames.
                    try client.send(.ping, [UInt8](repeating: 0, count: 100))
                    try client.send(.close, [0x03, 0xE8])
                    #expect(client.isAtEnd())
                }
            }
        }
    }

    @Test("A session that is idle is closed, what comes then is read, and a client that does not answer is left")
    func idle() async throws {
        try await LiveServer.with(.but { $0.limits.realtimeIdleSeconds = 0.2 }) { server in
            try await onThread {
                for answers in [true, false] {
                    let client = try WebSocketClient(port: server.port)
                    _ = try client.frame(.text, containing: "idle_timeout")
                    let close = try client.frame()
                    #expect(close.opcode == .close && close.code == 1001)
                    let start = ContinuousClock.now
                    for _ in 0..<100 { try client.send(.ping, [UInt8](repeating: 0, count: 100)) }
                    if answers { try client.send(.close, [0x03, 0xE9]) }
                    #expect(client.isAtEnd())
                    let seconds = ContinuousClock.now - start
                    #expect(answers ? seconds < .seconds(1.5) : (.seconds(1)..<(.seconds(10))).contains(seconds))
                }
            }
        }
    }

    @Test("A server that ends closes its sessions at once")
    func shutdown() async throws {
        let start = Mutex(ContinuousClock.now)
        try await LiveServer.with(.but { $0.drainSeconds = 30 }) { server in
            let client = try await onThread { Shared(try WebSocketClient(port: server.port)) }
            try await onThread {
                _ = try client.value.frame(.text)
                try client.value.send(Self.append)
            }
            start.withLock { $0 = .now }
            async let stopped: Void = server.server.stop()
            try await onThread {
                #expect(try client.value.frame(.text, containing: #""error""#).text.contains("unavailable"))
                #expect(try client.value.frame().code == 1001)
                try client.value.send(.close, [0x03, 0xE9])
                #expect(client.value.isAtEnd())
            }
            await stopped
        }
        #expect(ContinuousClock.now - start.withLock { $0 } < .seconds(10))
    }

    @Test("A server that ends finishes what was committed, and takes no more")
    func drain() async throws {
        let speech = HeardSpeech()
        speech.hold()
        try await LiveServer.with(.but { $0.drainSeconds = 30 }, speech: speech) { server in
            let client = try await onThread { Shared(try WebSocketClient(port: server.port)) }
            try await onThread {
                try client.value.send(Self.append)
                try client.value.send(Self.commit)
                _ = try client.value.frame(.text, containing: "committed")
            }
            async let stopped: Void = server.server.stop()
            try await onThread {
                _ = try client.value.frame(.text, containing: "unavailable")
                try client.value.send(Self.append)
                speech.release()
                #expect(try client.value.frame(.text).text.contains("delta"))
                #expect(try client.value.frame(.text).text.contains("heard 1"))
                #expect(try client.value.frame().code == 1001)
            }
            await stopped
        }
    }

    @Test("A session that is cut off at the end of the drain is told as well")
    func cancelled() async throws {
        let speech = HeardSpeech()
        speech.hold()
        try await LiveServer.with(.but { $0.drainSeconds = 0.3 }, speech: speech) { server in
            let client = try await onThread { Shared(try WebSocketClient(port: server.port)) }
            try await onThread {
                try client.value.send(Self.append)
                try client.value.send(Self.commit)
                _ = try client.value.frame(.text, containing: "committed")
            }
            async let stopped: Void = server.server.stop()
            try await onThread {
                #expect(try client.value.frame(.close).code == 1001)
                try client.value.send(.close, [0x03, 0xE9])
                #expect(client.value.isAtEnd())
            }
            await stopped
        }
    }

    @Test("Why a turn failed is for the log, and not for the client")
    func failure() async throws {
        let lines = Lines()
        let speech = HeardSpeech(failure: StapesError(.engine, "out of pages at /secret/place"))
        try await LiveServer.with(speech: speech, lines: lines) { server in
            try await onThread {
                let client = try WebSocketClient(port: server.port)
                try client.send(Self.append)
                try client.send(Self.commit)
                let failed = try client.frame(.text, containing: "transcription.failed").text
                #expect(failed.contains("An internal error occurred.") && !failed.contains("secret"))
            }
        }
        #expect(lines.all.contains { $0.contains("/secret/place") })
    }

    /// A tenth of a second of silence at 24 kHz.
    private static let append =
        #"{"type":"input_audio_buffer.append","audio":""# + String(repeating: "A", count: 6400) + #""}"#
    private static let commit = #"{"type":"input_audio_buffer.commit"}"#
}

/// A client that goes from one thread to the next, which wait for each other.
private final class Shared: @unchecked Sendable {
    let value: WebSocketClient

    init(_ value: WebSocketClient) { self.value = value }
}

private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

/// Hears in every turn which one it is.
private final class HeardSpeech: LiveSpeech {
    private struct State {
        var count = 0
        var holds = false
    }

    let voiceActivity: (any SpeechProbabilities)? = nil
    private let failure: StapesError?
    private let state = Mutex(State())

    init(failure: StapesError? = nil) { self.failure = failure }

    /// Turns end when they are let go.
    func hold() { state.withLock { $0.holds = true } }

    func release() { state.withLock { $0.holds = false } }

    func check(_ transcription: RealtimeTranscription) throws(APIError) {}

    func live(
        _ audio: TurnAudio, _ transcription: RealtimeTranscription
    ) -> AsyncThrowingStream<LiveResult, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    for try await _ in audio {}
                    if let failure { throw failure }
                    while state.withLock({ $0.holds }) { try await Task.sleep(for: .milliseconds(5)) }
                    let number = state.withLock { state in
                        state.count += 1
                        return state.count
                    }
                    continuation.yield(
                        LiveResult(
                            text: " heard \(number)", segments: [], isFinal: true, range: 0..<1, language: "en"))
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}

private struct LiveService: SpeechService {
    let speech: HeardSpeech

    func transcribe(
        _ audio: AudioSource, options: TranscriptionOptions, limits: AudioLimits, priority: Int,
        onEvent: @escaping @Sendable (TranscriptionEvent) async -> Void
    ) async throws(StapesError) -> Transcription {
        Transcription(text: "", segments: [], language: "en", durationSeconds: 1)
    }

    func bytes(ofToken id: Int) -> [UInt8]? { nil }

    func realtime(serving models: ServedModels) async -> (any LiveSpeech)? { speech }
}

/// A server with realtime sessions while a test runs.
private struct LiveServer: Sendable {
    let port: Int
    let server: SpeechServer

    static func with(
        _ configuration: ServerConfiguration = .but { _ in }, speech: HeardSpeech = HeardSpeech(),
        lines: Lines = Lines(), _ test: @escaping @Sendable (LiveServer) async throws -> Void
    ) async throws {
        let events = AsyncStream<ServerEvent>.makeStream()
        let logger = Logger(label: "test") { StructuredLog(label: $0, form: .text) { lines.add("\($0)") } }
        let server = try SpeechServer(
            configuration, served: ServedModels([ServedModel(id: "tiny.en")]), logger: logger,
            onEvent: { events.continuation.yield($0) }, load: { LiveService(speech: speech) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var (port, isReady) = (0, false)
            for await event in events.stream {
                switch event {
                case .listening(_, let number): port = number
                case .ready: isReady = true
                }
                if port > 0, isReady { break }
            }
            let result: Result<Void, any Error>
            do {
                try await test(LiveServer(port: port, server: server))
                result = .success(())
            } catch {
                result = .failure(error)
            }
            await server.stop()
            try await group.waitForAll()
            try result.get()
        }
    }
}

extension ServerConfiguration {
    /// The tests' own, but for what is changed.
    fileprivate static func but(_ change: (inout ServerConfiguration) -> Void) -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.port = 0
        configuration.drainSeconds = 5
        change(&configuration)
        return configuration
    }
}
