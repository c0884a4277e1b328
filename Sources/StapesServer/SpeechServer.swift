import Hummingbird
import HummingbirdCore
import Logging
import Metrics
import NIOCore
import ServiceLifecycle
import Stapes
import StapesAPI
import StapesMetrics
import Synchronization

/// An OpenAI-compatible server around a model: bind, load, warm up, serve, and end in order.
public final class SpeechServer: Sendable {
    /// Makes what transcribes; called once, while the server already listens and tells who asks that it loads.
    package typealias Load = @Sendable () async throws -> any SpeechService

    private struct State {
        var group: ServiceGroup?
        var isStopping = false
    }

    private let shared: ServerState
    private let logger: Logger
    private let registry: MetricsRegistry?
    private let load: Load
    private let onEvent: @Sendable (ServerEvent) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - served: the names under which the model is asked for.
    ///   - registry: what `/metrics` shows besides the process; nil counts where the process does.
    /// - Throws: `configuration`.
    package init(
        _ configuration: ServerConfiguration, served: ServedModels, logger: Logger, registry: MetricsRegistry? = nil,
        onEvent: @escaping @Sendable (ServerEvent) -> Void = { _ in }, load: @escaping Load
    ) throws(ServerError) {
        try configuration.check()
        let metrics = ServerMetrics(factory: registry ?? MetricsSystem.factory)
        shared = ServerState(
            configuration: configuration, served: served, speech: SpeechHolder(),
            gate: AdmissionGate(configuration.limits, metrics: metrics),
            budget: SpoolBudget(configuration.limits, metrics: metrics), metrics: metrics)
        self.logger = logger
        self.registry = registry
        self.load = load
        self.onEvent = onEvent
    }

    /// A server for a transcriber that is made while it already listens.
    ///
    /// - Parameters:
    ///   - model: the id under which clients ask for it; `whisper-1` means it as well.
    ///   - logger: takes a line for each request.
    ///   - transcriber: is called once.
    /// - Throws: `configuration`.
    public convenience init(
        _ configuration: ServerConfiguration, model: String, logger: Logger,
        transcriber: @escaping @Sendable () async throws -> Transcriber
    ) throws(ServerError) {
        try self.init(
            configuration, served: ServedModels([ServedModel(id: model, isDefault: true)]), logger: logger,
            load: { try await transcriber() })
    }

    /// Serves until it is told to stop, and then finishes what it has for as long as it may.
    ///
    /// - Throws: `address`, `model`.
    public func run() async throws(ServerError) {
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(
                    service: ModelService(state: shared, load: load, logger: logger, onEvent: onEvent),
                    successTerminationBehavior: .gracefullyShutdownGroup, failureTerminationBehavior: .cancelGroup),
                .init(
                    service: application, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup),
            ], logger: logger.quieter)
        configuration.maximumGracefulShutdownDuration = .seconds(shared.configuration.drainSeconds)
        let group = ServiceGroup(configuration: configuration)
        let isStopping = state.withLock { state in
            state.group = group
            return state.isStopping
        }
        guard !isStopping else { return }
        do {
            try await group.run()
        } catch  where state.withLock({ $0.isStopping }) {
            // Those that were not finished in time were cancelled, as was asked for.
            return
        } catch let error as ServerError {
            throw error
        } catch {
            let (host, port) = (shared.configuration.host, shared.configuration.port)
            throw ServerError(.address, "cannot listen on \(host):\(port): \(error)", cause: error)
        }
    }

    /// Takes no more requests, finishes those that are there, and returns from `run`.
    public func stop() async {
        let group = state.withLock { state in
            state.isStopping = true
            return state.group
        }
        shared.gate.close()
        await group?.triggerGracefulShutdown()
    }

    private var application: some ApplicationProtocol {
        let limits = shared.limits
        let count = ConnectionCount(limit: limits.connections, metrics: shared.metrics)
        let admission = RealtimeAdmission(state: shared)
        let sessions = RealtimeSessions(admission: admission, logger: logger)
        return Application(
            responder: ServerRouter.make(shared, admission: admission, registry: registry, logger: logger)
                .buildResponder(),
            server: HTTPServerBuilder { responder in
                ServerChannel(responder: responder, limits: limits, sessions: sessions)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(shared.configuration.host, port: shared.configuration.port), serverName: "stapes",
                availableConnectionsDelegate: count),
            onServerRunning: { [onEvent] channel in
                if let address = channel.localAddress, let port = address.port {
                    onEvent(.listening(host: address.ipAddress ?? "", port: port))
                }
            }, logger: logger.quieter)
    }
}

/// What happens to a server as a whole.
package enum ServerEvent: Sendable, Hashable {
    case listening(host: String, port: Int)
    /// The model is loaded and has transcribed something.
    case ready
}

extension Logger {
    /// For the libraries below, whose notices say nothing that the server does not say itself.
    fileprivate var quieter: Logger {
        var logger = self
        if logger.logLevel == .info { logger.logLevel = .warning }
        return logger
    }
}
