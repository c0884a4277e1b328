import Logging
import StapesAPI
import StapesMetrics
import StapesServer
import Synchronization
import Testing

/// A server on a free port while a test runs.
struct RunningServer: Sendable {
    let port: Int
    let speech: FakeSpeech
    let registry: MetricsRegistry
    let server: SpeechServer

    /// A server that is not as usual.
    static func set(_ change: (inout ServerConfiguration) -> Void) -> Setting {
        var setting = Setting()
        change(&setting.configuration)
        return setting
    }

    struct Setting {
        var configuration: ServerConfiguration = {
            var configuration = ServerConfiguration()
            configuration.port = 0
            configuration.drainSeconds = 2
            return configuration
        }()

        func run(_ test: @escaping @Sendable (RunningServer) async throws -> Void) async throws {
            try await RunningServer.run(configuration, loads: true, test)
        }
    }

    static func with(
        loads: Bool = true, _ test: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        try await run(Setting().configuration, loads: loads, test)
    }

    private static func run(
        _ configuration: ServerConfiguration, loads: Bool,
        _ test: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let speech = FakeSpeech()
        let registry = MetricsRegistry()
        let events = AsyncStream<ServerEvent>.makeStream()
        var logger = Logger(label: "test") { StructuredLog(label: $0, form: .text) { _ in } }
        logger.logLevel = .critical
        let server = try SpeechServer(
            configuration, served: ServedModels([ServedModel(id: "tiny.en")]), logger: logger, registry: registry,
            onEvent: { events.continuation.yield($0) },
            load: {
                if !loads { try await Task.sleep(for: .seconds(60)) }
                return speech
            })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { events.continuation.finish() }
                try await server.run()
            }
            // In whichever order they come.
            var (port, isReady) = (0, !loads)
            for await event in events.stream {
                switch event {
                case .listening(_, let number): port = number
                case .ready: isReady = true
                }
                if port > 0, isReady { break }
            }
            let running = RunningServer(port: port, speech: speech, registry: registry, server: server)
            do {
                try await test(running)
            } catch {
                speech.release()
                await server.stop()
                throw error
            }
            speech.release()
            await server.stop()
            try await group.waitForAll()
        }
    }

    /// One request on a connection of its own.
    func ask(_ request: String, body: [UInt8] = []) async throws -> RawClient.Answer {
        let port = port
        return try await onThread {
            let client = try RawClient(port: port)
            try client.send(Array(request.utf8) + body)
            return try client.answer()
        }
    }

    /// Waits for what is bound to come, and for no longer than it may take on a busy machine.
    func eventually(_ what: String, _ condition: () -> Bool) async throws {
        for _ in 0..<1000 {
            if condition() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("never came: \(what)")
    }

    func gauge(_ name: ServerMetricName) -> Double { registry.value(name.rawValue) ?? -1 }
}

/// A form as clients write it.
struct TestForm {
    var fields: [(String, String)] = []
    var file: [UInt8]? = Array("RIFF....".utf8)

    private static let boundary = "test-boundary"

    var body: [UInt8] {
        var body: [UInt8] = []
        for (name, value) in fields {
            body += "--\(Self.boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8
        }
        if let file {
            body += "--\(Self.boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n".utf8
            body += "Content-Type: audio/x-wav\r\n\r\n".utf8
            body += file
            body += "\r\n".utf8
        }
        return body + "--\(Self.boundary)--\r\n".utf8
    }

    func head(path: String = "/v1/audio/transcriptions", length: Int? = nil, _ more: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: test\r\nContent-Type: multipart/form-data; boundary=\(Self.boundary)\r\n"
            + "Content-Length: \(length ?? body.count)\r\n\(more)\r\n"
    }
}
