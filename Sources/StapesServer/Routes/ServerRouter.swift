import Hummingbird
import Logging
import StapesAPI
import StapesMetrics

/// Which path leads where.
enum ServerRouter {
    static func make(
        _ state: ServerState, admission: RealtimeAdmission, registry: MetricsRegistry?, logger: Logger
    ) -> Router<ServerContext> {
        let table = RouteTable(OpenAPI.routes)
        let router = Router(context: ServerContext.self)
        router.add(middleware: ScopeMiddleware(metrics: state.metrics, routes: table, logger: logger))
        router.add(middleware: TracingMiddleware())
        router.add(middleware: AuthenticationMiddleware(keys: KeyRing(state.configuration.keys)))

        let audio = AudioRoutes(state: state)
        router.post("/v1/audio/transcriptions") { request, context in
            try await audio.respond(to: request, context: context, endpoint: .transcription)
        }
        router.post("/v1/audio/translations") { request, context in
            try await audio.respond(to: request, context: context, endpoint: .translation)
        }
        let models = ModelRoutes(state: state)
        router.get("/v1/models") { _, _ in models.list() }
        router.get("/v1/models/**") { _, context in
            try models.model(id: context.parameters.getCatchAll().joined(separator: "/"))
        }
        router.get("/v1/realtime") { request, _ -> Response in
            // What an upgrade was refused for, if it was one.
            _ = try admission.check(request.headers, query: request.uri.query)
            throw APIError(.upgradeRequired, "This URL speaks WebSocket: send an upgrade.")
        }
        let health = HealthRoutes(state: state)
        router.get("/health/live") { _, _ in health.live() }
        router.get("/health/ready") { _, _ in try health.ready() }
        router.get("/metrics") { _, _ in MetricsRoute.text(registry) }
        router.get("/openapi.json") { _, _ in Response.json(OpenAPI.json(version: state.configuration.version)) }
        router.get("/") { _, _ in Page.response }
        // Browsers ask for one on their own.
        router.get("/favicon.ico") { _, _ in Response(status: .noContent) }
        return router
    }
}
