import Logging
import ServiceLifecycle
import Stapes
import StapesAPI

/// Loads the model, warms it up, and lets it go when the server has ended.
struct ModelService: Service {
    let state: ServerState
    let load: SpeechServer.Load
    let logger: Logger
    let onEvent: @Sendable (ServerEvent) -> Void

    func run() async throws {
        let start = ContinuousClock.now
        do {
            // A server that ends while it loads is not ready for a moment first.
            let speech = try await cancelWhenGracefulShutdown { () async throws -> any SpeechService in
                let speech = try await load()
                try await WarmUp.run(speech)
                return speech
            }
            state.speech.ready(speech)
        } catch  where Task.isCancelled || Task.isShuttingDownGracefully {
            return
        } catch {
            throw ServerError(.model, "the model cannot be served: \(error)", cause: error)
        }
        logger.info("ready", metadata: ["seconds": "\((ContinuousClock.now - start).rounded)"])
        onEvent(.ready)
        // Until the group ends: services that return early end it.
        try? await gracefulShutdown()
    }
}
